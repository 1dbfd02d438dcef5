"use strict";
// What is seen of the training: four plots in SVG, a sentence, and the controls that change it.
// A change of a setting trains again from the start; play, step and the mouse only move the cursor.
const $ = id => document.getElementById(id);
const lesson = unpack(JSON.parse($("lesson").textContent), text => Uint8Array.from(atob(text), c => c.charCodeAt(0)));
const { d } = lesson, STEPS = lesson.epochs * Math.ceil(lesson.cuts[0].rows / lesson.batch);
const SAME = 1e-12;  // Below this two losses in double precision differ by rounding.

const DEFAULT = { ratio: 1, optimizer: lesson.optimizer, decay: 0, share: "same", start: "matched", noise: "common", seed: lesson.starts[0].seed, step: STEPS };
const STOPS = [{ ...DEFAULT }, { ...DEFAULT, ratio: 2 }, { ...DEFAULT, ratio: 2, decay: 0.1 }];
const FREE = ["step", "seed"];  // Of a stop it is still the same one if these are others.
let s = { ...DEFAULT }, run, timer = 0;

function read() {  // Only what is allowed comes out of the address.
  const given = new URLSearchParams(location.hash.slice(1));
  s = { ...DEFAULT };
  for (const name of ["optimizer", "decay", "share", "start", "noise", "seed"]) {
    const value = given.get(name);
    if ([...document.getElementsByName(name)].some(input => input.value === value))
      s[name] = typeof DEFAULT[name] === "number" ? +value : value;
  }
  const ratio = +given.get("ratio"), step = given.has("step") ? +given.get("step") : STEPS;
  if (ratio >= 0.5 && ratio <= 4) s.ratio = ratio;
  if (Number.isInteger(step) && step >= 0 && step <= STEPS) s.step = step;
}
let later = 0;  // Browsers throttle replaceState, and Safari throws after 100 in 30 s: write when the hand rests.
function write() {
  clearTimeout(later);
  later = setTimeout(() => history.replaceState(null, "", "#" + new URLSearchParams(
    Object.entries(s).map(([key, value]) => [key, key === "ratio" ? +value.toFixed(4) : value]))), 250);
}

const minus = v => String(v).replace("-", "−");
function number(v) {  // 1.6 × 10⁻⁸ in HTML.
  if (v === 0) return "0";
  if (v >= 1e-3) return v.toPrecision(2);
  const [m, e] = v.toExponential(1).split("e");
  return `${m}\u00a0×\u00a010<sup>${minus(+e)}</sup>`;
}

// A plot: places in pixels of the element, so that text keeps its size; redrawn on every change.
const LEFT = 38, RIGHT = 8, TOP = 8, BOTTOM = 22, FLOOR = -18.6, ZERO = -18.1;
function frame(id, x0, x1, y0, y1) {
  const svg = $(id), w = Math.max(svg.clientWidth, 120), h = Math.max(svg.clientHeight, 80);  // 0 while hidden.
  return { svg, w, h, x: v => LEFT + (w - LEFT - RIGHT) * (v - x0) / (x1 - x0), y: v => TOP + (h - TOP - BOTTOM) * (1 - (v - y0) / (y1 - y0)) };
}
const fixed = v => v.toFixed(1);
const log = v => v > 0 ? Math.max(Math.log10(v), -17.2) : ZERO;
function path(f, values, from, to, dots) {
  let p = "";
  for (let t = from; t <= to; t++) p += (dots || t === from ? "M" : "L") + fixed(f.x(t)) + "," + fixed(f.y(values[t])) + (dots ? "h0" : "");
  return p;
}
const QUARTERS = [...new Set([0, 1, 2, 3, 4].map(i => Math.round(STEPS * i / 4)))];
function axes(f, ticks) {
  return ticks.map(([v, label]) => `<line class="grid" x1="${LEFT}" x2="${f.w - RIGHT}" y1="${f.y(v)}" y2="${f.y(v)}"/><text x="${LEFT - 6}" y="${f.y(v) + 4}" text-anchor="end">${label}</text>`).join("") +
    QUARTERS.map(t => `<text x="${f.x(t)}" y="${f.h - 4}" text-anchor="${t ? t === STEPS ? "end" : "middle" : "start"}">${t ? t : "step 0"}</text>`).join("");
}
function time(f, ticks, rows, dots, under = "", labels = "") {  // What comes after the cursor is faint.
  const t = s.step, draw = (from, to) => rows.map(([name, values]) => `<path class="${name}" d="${path(f, values, from, to, dots)}"/>`).join("");
  f.svg.innerHTML = under + axes(f, ticks) + (t < STEPS ? `<g class="later">${draw(t, STEPS)}</g>` : "") + draw(0, t) +
    `<line class="cursor" x1="${f.x(t)}" x2="${f.x(t)}" y1="${TOP}" y2="${f.h - BOTTOM}"/>` + labels;
}
const DECADES = [[0, "1"], [-4, "10⁻⁴"], [-8, "10⁻⁸"], [-12, "10⁻¹²"], [-16, "10⁻¹⁶"], [ZERO, "0"]];
const tinted = f => `<rect class="band" x="${LEFT}" width="${f.w - LEFT - RIGHT}" y="${f.y(Math.log10(SAME))}" height="${f.y(FLOOR) - f.y(Math.log10(SAME))}"/>`;

function draw() {
  const t = s.step, r = run, gap = frame("gap", 0, STEPS, FLOOR, 0.6);
  time(gap, DECADES, [["gap", r.gap.map(log)]], true, tinted(gap));
  const [l0, l1] = r.loss.map(values => Array.from(values, v => Math.log10(Math.min(v, 1e9))));
  const loss = frame("loss", 0, STEPS, Math.min(...l0, ...l1) - 0.06, Math.max(...l0, ...l1) + 0.06);
  const ticks = [-3, -2, -1, 0, 1, 2, 3].flatMap(e => [1, 2, 5].map(m => m * 10 ** e)).map(v => [Math.log10(v), +v.toPrecision(1)]);
  time(loss, ticks.filter(([v]) => loss.y(v) <= loss.h - BOTTOM && loss.y(v) >= TOP), [["wide", l0], ["halo", l1], ["narrow", l1]], false);
  const drift = frame("drift", 0, STEPS, FLOOR, 0.9), end = key => drift.y(Math.max(log(r[key][STEPS]), -16.6));
  time(drift, DECADES, [["dif", r.difference.map(log)], ["sum", r.sum.map(log)]], true, tinted(drift),
    `<text class="of-softmax" x="${drift.w - RIGHT - 4}" y="${end("difference") + 19}" text-anchor="end">difference θ₁ − θ₀</text>` +
    `<text class="strong" x="${drift.w - RIGHT - 4}" y="${end("sum") + (s.decay ? 36 : -12)}" text-anchor="end">sum θ₀ + θ₁</text>`);
  lines();
  $("gap-out").innerHTML = `<b>${number(r.gap[t])}</b> at step ${t}`;
  $("loss-out").innerHTML = `<b class="c-softmax">${r.loss[0][t].toFixed(4)}</b> and <b class="c-sigmoid">${r.loss[1][t].toFixed(4)}</b>`;
  $("lines-out").innerHTML = `probabilities ≤ <b>${number(r.apart[t])}</b> apart`;
  $("drift-out").innerHTML = `sum <b>${number(r.sum[t])}</b>, difference <b class="c-softmax">${number(r.difference[t])}</b>`;
  $("step-out").textContent = `step ${t}`;
  $("step").value = t;
  $("step").setAttribute("aria-valuetext", `step ${t} of ${STEPS}`);
}

// The rows of a seed in the plane of their first two components, through their mean.
const along = ({ plane }, v, c) => { let sum = 0; for (let j = 0; j < d; j++) sum += v(j) * plane[c * d + j]; return sum; };
function scored(cut) {
  cut.scores ||= Array.from({ length: cut.rows }, (_, i) => [0, 1].map(c => along(cut, j => cut.X[i * d + j] - cut.mean[j], c)));
  cut.spans ||= [0, 1].map(c => {
    const sorted = cut.scores.map(p => p[c]).sort((a, b) => a - b), at = share => sorted[Math.floor(share * (sorted.length - 1))];
    const room = 0.15 * (at(0.995) - at(0.005) || 1);
    return [at(0.005) - room, at(0.995) + room];
  });
  return cut;
}
function lines() {
  const cut = scored(lesson.cuts[lesson.starts.find(each => each.seed === s.seed).cut]), { scores, spans, mean } = cut;
  const f = frame("lines", ...spans[0], ...spans[1]), dot = p => `M${fixed(f.x(p[0]))},${fixed(f.y(p[1]))}h0`, far = 40 * Math.max(...spans.flat().map(Math.abs));
  const line = w => {  // Where the head says one half.
    let b = w(d);
    for (let j = 0; j < d; j++) b += w(j) * mean[j];
    const a = [along(cut, w, 0), along(cut, w, 1)], steep = Math.abs(a[0]) > Math.abs(a[1]);
    const end = v => steep ? [-(b + a[1] * v) / a[0], v] : [v, -(b + a[0] * v) / a[1]];
    const ends = [-far, far].map(end).map(([p, q]) => fixed(f.x(p)) + "," + fixed(f.y(q)));
    return ends.some(point => point.includes("NaN") || point.includes("Infinity")) ? "" : "M" + ends.join("L");
  };
  const th = run.theta[s.step], be = run.beta[s.step], of = label => scores.filter((_, i) => cut.y[i] === label).map(dot).join("");
  const [zero, one] = lesson.classes;
  $("share").textContent = cut.share;
  f.svg.innerHTML = `<path class="one" d="${of(1)}"/><path class="zero" d="${of(0)}"/>` +
    `<path class="wide" d="${line(j => th[d + 1 + j] - th[j])}"/><path class="halo" d="${line(j => be[j])}"/><path class="narrow" d="${line(j => be[j])}"/>` +
    `<circle class="one-dot" cx="14" cy="${f.h - 12}" r="3"/><text x="22" y="${f.h - 8}">${one}</text>` +
    `<circle class="zero-dot" cx="14" cy="${f.h - 30}" r="3"/><text class="strong" x="22" y="${f.h - 26}">${zero}</text>` +
    `<text x="${f.w - 10}" y="${f.h - 8}" text-anchor="end">first component →</text>`;
}

function say() {
  const t = s.step, worst = Math.max(...run.gap.slice(0, t + 1)), after = t ? `After ${t} step${t > 1 ? "s" : ""}` : "Before the first step";
  $("verdict").innerHTML = worst < SAME
    ? `${after} they cannot be told apart: the losses never differ by more than <b>${number(worst)}</b>.`
    : `They part. ${after} the losses are <b>${number(run.gap[t])}</b> apart.` +
      (s.decay && s.share === "same" && s.ratio === 2 ? ` <button id="halve">Halve the sigmoid’s decay</button>` : "");
  if ($("halve")) $("halve").onclick = () => {
    change({ share: "half", step: STEPS });
    document.querySelector("[name=share][value=half]").focus();
  };
}
function controls() {
  const times = +s.ratio.toFixed(2);
  $("ratio").value = Math.log2(s.ratio);
  $("ratio-out").textContent = `${times} × softmax’s`;
  $("ratio").setAttribute("aria-valuetext", `${times} times the softmax’s`);
  for (const input of $("settings").querySelectorAll("input")) input.checked = String(s[input.name]) === input.value;
  $("shares").disabled = !s.decay;
  $("step").max = STEPS;
  document.querySelectorAll("[data-stop]").forEach((button, i) => button.setAttribute("aria-pressed",
    Object.keys(DEFAULT).every(key => FREE.includes(key) || key === "share" && i === 2 || s[key] === STOPS[i][key])));
}
function look(step) { s.step = Math.min(STEPS, Math.max(0, Math.round(step))); draw(); say(); write(); }
function change(what) { stop(); Object.assign(s, what); run = train(s, lesson); controls(); draw(); say(); write(); }
function stop() { cancelAnimationFrame(timer); timer = 0; $("play").textContent = "Play"; $("verdict").setAttribute("aria-live", "polite"); }
function play() {
  if (timer) { stop(); look(s.step); return; }
  if (s.step >= STEPS) s.step = 0;
  $("play").textContent = "Pause";
  $("verdict").setAttribute("aria-live", "off");  // Nobody wants to hear every step.
  let began = 0, from = s.step;  // Four seconds for the whole, however many steps there are.
  const tick = now => {
    began ||= now;
    const step = Math.min(STEPS, Math.round(from + STEPS * (now - began) / 4000));
    if (step >= STEPS) { stop(); look(STEPS); } else { timer = requestAnimationFrame(tick); look(step); }
  };
  timer = requestAnimationFrame(tick);
}

let pending = 0, dragging = false;
$("ratio").addEventListener("pointerdown", () => dragging = true);
addEventListener("pointerup", () => dragging = false);
$("ratio").addEventListener("input", () => {  // Snaps under the pointer only: keys would never get away from 2.
  let v = +$("ratio").value;
  if (dragging) for (const knot of [0, 1]) if (Math.abs(v - knot) < 0.11) v = knot;
  cancelAnimationFrame(pending);
  pending = requestAnimationFrame(() => change({ ratio: 2 ** v, step: STEPS }));
});
$("settings").addEventListener("change", event => {
  const { name, value } = event.target;
  change({ [name]: typeof DEFAULT[name] === "number" ? +value : value });
});
$("settings").addEventListener("submit", event => event.preventDefault());
$("play").onclick = play;
$("next").onclick = () => { stop(); look(s.step >= STEPS ? 0 : s.step + 1); };
$("reset").onclick = () => { stop(); look(0); };
$("step").oninput = () => { stop(); look(+$("step").value); };
document.querySelectorAll("[data-stop]").forEach((button, i) => button.onclick = () => {
  change({ ...STOPS[i], seed: s.seed });
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) { s.step = 0; play(); }
});
for (const id of ["gap", "loss", "drift"]) $(id).addEventListener("pointermove", event => {
  if (timer && !event.buttons) return;
  stop();
  const box = $(id).getBoundingClientRect();
  look(STEPS * (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT));
});
addEventListener("hashchange", () => { read(); change({}); });
new ResizeObserver(() => run && draw()).observe(document.querySelector(".plots"));
read();
change({});
