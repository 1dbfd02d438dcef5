// node trainer.mjs explore.html < questions.json: asks the trainer as it stands on the page.
import { readFileSync } from "node:fs";
const page = readFileSync(process.argv[2], "utf8");
const script = id => page.match(new RegExp(`<script id="${id}"[^>]*>([\\s\\S]*?)</script>`))[1];
const { train, order, masks, unpack } = new Function(script("trainer") + "; return { train, order, masks, unpack };")();
const lesson = unpack(JSON.parse(script("lesson")), text => new Uint8Array(Buffer.from(text, "base64")));
const base = { ratio: 1, optimizer: lesson.optimizer, decay: lesson.decay, share: "same", start: "matched", noise: "common", seed: lesson.starts[0].seed };

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ ask, ...given }) => {
  if (ask === "order") return [...order(given.seed, given.epoch, given.rows)];
  if (ask === "masks") return [...masks(given.seed, given.epoch, given.rows, given.features, given.dropout)];
  const run = train({ ...base, ...given }, lesson), last = run.theta.length - 1;
  return {
    softmax: [...run.loss[0]], sigmoid: [...run.loss[1]], gap: Math.max(...run.gap), apart: Math.max(...run.apart),
    sum: Math.max(...run.sum), difference: Math.max(...run.difference), theta: [...run.theta[last]], beta: [...run.beta[last]],
  };
});
console.log(JSON.stringify(answers));
