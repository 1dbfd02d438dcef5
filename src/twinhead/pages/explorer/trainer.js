"use strict";
// Both heads, trained in double precision as twinhead.training does it: the same noise, the same
// steps. Needs nothing of a browser, so that a test runs it as it stands on the page.

// NumPy's Philox 4x64-10, keyed by two numbers; `next` gives 32 bits at a time, low half first.
class Philox {
  constructor(key0, key1) {
    this.key = [BigInt(key0), BigInt(key1)];
    this.counter = 0n;
    this.words = [];
    this.at = 0;
  }
  next() {
    if (this.at === this.words.length) {
      this.counter += 1n;
      this.words = Philox.block([this.counter, 0n, 0n, 0n], this.key).flatMap(
        word => [Number(word & 0xffffffffn), Number(word >> 32n)]);
      this.at = 0;
    }
    return this.words[this.at++];
  }
  static block(c, [k0, k1]) {
    const low = 0xffffffffffffffffn;
    for (let round = 0; round < 10; round++) {
      const a = 0xd2e7470ee14c6c93n * c[0], b = 0xca5a826395121157n * c[2];
      c = [(b >> 64n) ^ c[1] ^ k0, b & low, (a >> 64n) ^ c[3] ^ k1, a & low];
      k0 = k0 + 0x9e3779b97f4a7c15n & low;
      k1 = k1 + 0xbb67ae8584caa73bn & low;
    }
    return c;
  }
}

// Noise as training/noise.py draws it: of one seed and epoch, counted from 1.
const ORDER = 0, MASKS = 1, BLOCK_ROWS = 1024, DIGITS = 24;
function order(seed, epoch, rows) {  // Generator.permutation.
  const bits = new Philox(seed, 2 * epoch + ORDER), found = Int32Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const j = upTo(bits, i);
    [found[i], found[j]] = [found[j], found[i]];
  }
  return found;
}
function upTo(bits, last) {  // NumPy draws as many bits as the last number has until they fit.
  const mask = 2 ** (32 - Math.clz32(last)) - 1;
  for (;;) {
    const drawn = (bits.next() & mask) >>> 0;
    if (drawn <= last) return drawn;
  }
}
function masks(seed, epoch, rows, features, dropout) {  // 1 kept, 0 dropped; a row for each visit.
  const bits = new Philox(seed, 2 * epoch + MASKS), kept = new Uint8Array(rows * features), width = Math.ceil(features / 8);
  const share = Math.round((1 - dropout) * 2 ** DIGITS);  // Binary digits of it, from the last 1 on.
  const digits = Array.from({ length: DIGITS }, (_, place) => share >>> place & 1);
  digits.splice(0, digits.includes(1) ? digits.indexOf(1) : DIGITS);
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const block = Math.min(BLOCK_ROWS, rows - start), words = new Uint32Array(2 * Math.ceil(block * width / 8));
    if (!digits.length) words.fill(0xffffffff);
    for (const digit of digits) for (let i = 0; i < words.length; i++) {
      const drawn = bits.next();
      words[i] = digit ? words[i] | drawn : words[i] & drawn;
    }
    // The bytes' highest bits are the first features, the second highest the next.
    const bytes = new Uint8Array(words.buffer);
    for (let i = 0; i < block; i++) for (let j = 0; j < features; j++)
      kept[(start + i) * features + j] = bytes[i * width + j % width] >> (7 - Math.floor(j / width)) & 1;
  }
  return kept;
}

// A head: columns of d weights and a bias. `slopes` turns logits and label into dL/dz, `loss` into L.
// Neither knows of the other.
const softmax = {
  units: 2,
  slopes(z, y, out) {
    const top = Math.max(z[0], z[1]), e0 = Math.exp(z[0] - top), e1 = Math.exp(z[1] - top);
    out[0] = e0 / (e0 + e1) - (1 - y);
    out[1] = e1 / (e0 + e1) - y;
  },
  loss(z, y) {
    const top = Math.max(z[0], z[1]);
    return Math.log(Math.exp(z[0] - top) + Math.exp(z[1] - top)) + top - z[y];
  },
  probability(z) {
    const top = Math.max(z[0], z[1]), e1 = Math.exp(z[1] - top);
    return e1 / (Math.exp(z[0] - top) + e1);
  },
};
const sigmoid = {
  units: 1,
  slopes(z, y, out) { out[0] = this.probability(z) - y; },
  loss(z, y) { return Math.max(z[0], 0) - z[0] * y + Math.log1p(Math.exp(-Math.abs(z[0]))); },
  probability(z) { return z[0] >= 0 ? 1 / (1 + Math.exp(-z[0])) : Math.exp(z[0]) / (1 + Math.exp(z[0])); },
};

function logits(head, w, X, row, d, z) {
  for (let k = 0, at = 0; k < head.units; k++, at += d + 1) {
    let sum = w[at + d];
    for (let j = 0, x = row * d; j < d; j++) sum += w[at + j] * X[x + j];
    z[k] = sum;
  }
}
function gradient(head, w, { X, y, d }, batch, scale, g) {  // Of the batch's mean loss.
  const z = [0, 0], slope = [0, 0], x = new Float64Array(d), { rows, kept, from } = batch;
  g.fill(0);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i], at = (from + i) * d;
    for (let j = 0; j < d; j++) x[j] = kept && !kept[at + j] ? 0 : X[row * d + j] * scale;
    logits(head, w, x, 0, d, z);
    head.slopes(z, y[row], slope);
    for (let k = 0; k < head.units; k++) {
      for (let j = 0; j < d; j++) g[k * (d + 1) + j] += slope[k] * x[j] / rows.length;
      g[k * (d + 1) + d] += slope[k] / rows.length;
    }
  }
}

// A step as Keras takes it, t from 1. Keras rounds what it casts to float32 first.
function update({ optimizer, rate, decay, momentum, beta1, beta2, epsilon }, w, g, state, t) {
  const r = Math.fround(rate), shrink = r * Math.fround(decay), keep = Math.fround(momentum);
  const alpha = r * Math.sqrt(1 - Math.fround(beta2) ** t) / (1 - Math.fround(beta1) ** t);
  for (let i = 0; i < w.length; i++) {
    w[i] -= w[i] * shrink;
    if (optimizer === "sgd") {
      w[i] -= r * g[i];
    } else if (optimizer === "momentum") {
      state.m[i] = keep * state.m[i] - r * g[i];
      w[i] += state.m[i];
    } else {
      state.m[i] += (1 - beta1) * (g[i] - state.m[i]);
      state.v[i] += (1 - beta2) * (g[i] * g[i] - state.v[i]);
      w[i] -= alpha * state.m[i] / (Math.sqrt(state.v[i]) + epsilon);
    }
  }
}

const drawn = new Map();
function noise(seed, lesson) {  // Every step's rows and masks; both heads may look up the same.
  if (!drawn.has(seed)) {
    const steps = [], { rows, d, epochs, batch, dropout } = lesson;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const visited = order(seed, epoch, rows), kept = dropout ? masks(seed, epoch, rows, d, dropout) : null;
      for (let from = 0; from < rows; from += batch) steps.push({ rows: visited.slice(from, from + batch), kept, from });
    }
    drawn.set(seed, steps);
  }
  return drawn.get(seed);
}

function fit(head, start, how, lesson, seed) {  // The weights before and after every step.
  const w = Float64Array.from(start), states = [Float64Array.from(w)], g = new Float64Array(w.length);
  const state = { m: new Float64Array(w.length), v: new Float64Array(w.length) };
  noise(seed, lesson).forEach((batch, t) => {
    gradient(head, w, lesson, batch, 1 / (1 - lesson.dropout), g);
    update(how, w, g, state, t + 1);
    states.push(Float64Array.from(w));
  });
  return states;
}
function measure(head, states, { held: { X, y }, d }) {  // On the validation rows, without dropout.
  const z = [0, 0], n = y.length, loss = new Float64Array(states.length), p = new Float64Array(states.length * n);
  states.forEach((w, t) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      logits(head, w, X, i, d, z);
      sum += head.loss(z, y[i]);
      p[t * n + i] = head.probability(z);
    }
    loss[t] = sum / n;
  });
  return { states, loss, p };
}

const trained = new Map();
function arm(head, start, how, lesson, seed) {  // Moving the ratio trains the sigmoid only.
  const key = JSON.stringify([head.units, how, seed, lesson.cut, start[0], start[1]]);
  if (!trained.has(key)) {
    if (trained.size > 12) trained.clear();
    trained.set(key, measure(head, fit(head, start, how, lesson, seed), lesson));
  }
  return trained.get(key);
}

/** Train both heads of a lesson on the rows of the chosen seed. Returns by step: losses, their gap, the largest difference of a probability,
    how far θ0 + θ1 and θ1 − θ0 have moved, and the weights: d of them and a bias a column. */
function train(s, lesson) {
  const begin = lesson.starts.find(each => each.seed === s.seed), cut = lesson.cuts[begin.cut];
  const { d } = lesson, n = cut.held.y.length;
  const theta0 = Float64Array.from(begin.theta), how = { ...lesson.options, optimizer: s.optimizer, rate: lesson.rates[s.optimizer], decay: s.decay };
  const beta0 = s.start === "own" ? Float64Array.from(begin.beta)
    : Float64Array.from({ length: d + 1 }, (_, j) => theta0[d + 1 + j] - theta0[j]);
  const rows = { ...lesson, ...cut };
  const two = arm(softmax, theta0, how, rows, s.seed);
  const one = arm(sigmoid, beta0, { ...how, rate: s.ratio * how.rate, decay: s.share === "half" ? s.decay / 2 : s.decay },
    rows, s.noise === "own" ? s.seed + 1 : s.seed);
  const out = { theta: two.states, beta: one.states, loss: [two.loss, one.loss], gap: [], apart: [], sum: [], difference: [] };
  two.states.forEach((w, t) => {
    let apart = 0, sum = 0, difference = 0;
    for (let i = t * n; i < (t + 1) * n; i++) apart = Math.max(apart, Math.abs(two.p[i] - one.p[i]));
    for (let j = 0; j <= d; j++) {
      const moved0 = w[j] - theta0[j], moved1 = w[d + 1 + j] - theta0[d + 1 + j];
      sum = Math.max(sum, Math.abs(moved0 + moved1));
      difference = Math.max(difference, Math.abs(moved1 - moved0));
    }
    out.gap.push(Math.abs(two.loss[t] - one.loss[t]));
    out.apart.push(apart);
    out.sum.push(sum);
    out.difference.push(difference);
  });
  return out;
}

/** Unpack a lesson as the page holds it: arrays come as base64, little-endian. */
function unpack(packed, decode) {
  const floats = text => Float64Array.from(new Float32Array(decode(text).buffer));
  const rows = ({ X, y }) => ({ X: floats(X), y: decode(y) });
  const cuts = packed.cuts.map(({ trained, held, mean, plane, share }, cut) => {
    const { X, y } = rows(trained);
    return { cut, X, y, rows: y.length, held: rows(held), mean: floats(mean), plane: floats(plane), share };
  });
  const starts = packed.starts.map(start => ({ ...start, theta: floats(start.theta), beta: floats(start.beta) }));
  return { ...packed, cuts, starts };
}
