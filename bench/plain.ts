// The same as one would write it in JavaScript, over typed arrays with the functions of Math.

/** Over n elements; for rows of `columns`, those too. `s` is scratch or a second operand. */
type Loop = (x: Float32Array, y: Float32Array, s: Float32Array, columns: number) => unknown;

/** A function of its own for each, so that no loop meets the types and branches of another. */
const loop = (body: string) => new Function('x', 'y', 's', `for (let i = 0; i < x.length; i++) { ${body} }`) as Loop;
const forward = (value: string) => loop(`const v = x[i]; y[i] = ${value};`);
const backward = (body: string) => loop(`const v = x[i]; const dy = s[i]; ${body}`);
/** `body` sets the value l and the derivative d by the output v; t is the target. */
const loss = (body: string) =>
  new Function(
    'x',
    'y',
    's',
    `const n = x.length; let sum = 0;
    for (let i = 0; i < n; i++) { const v = x[i]; const t = s[i]; ${body} sum += l; y[i] = d / n; }
    return sum / n;`,
  ) as Loop;
/** `max` and `sum` of e^(z - max) of each row, which begins at b, then `body` over columns j and `end`; s are targets. */
const rows = (body: string, end = '') =>
  new Function(
    'x',
    'y',
    's',
    'columns',
    `const count = x.length / columns; let total = 0;
    for (let b = 0; b < x.length; b += columns) {
      let max = -Infinity; let sum = 0; let all = 0;
      for (let j = 0; j < columns; j++) max = Math.max(max, x[b + j]);
      for (let j = 0; j < columns; j++) sum += y[b + j] = Math.exp(x[b + j] - max);
      const logSum = Math.log(sum) + max;
      for (let j = 0; j < columns; j++) { ${body} }
      ${end}
    }
    return total / count;`,
  ) as Loop;

/** The normal distribution of v as `phi` and e^(-v^2 / 2) as `e`, by formula 26.2.17 of Abramowitz and Stegun. */
const NORMAL = `const e = Math.exp(-0.5 * v * v); const r = 1 / (1 + 0.2316419 * Math.abs(v));
  const tail = e * r * (0.12741479 + r * (-0.14224836 + r * (0.71070687 + r * (-0.72657601 + r * 0.53070271))));
  const phi = v < 0 ? tail : 1 - tail;`;
const TANH_SOFTPLUS = 'const e = Math.exp(v); const n = e * (e + 2);';
const CROSSENTROPY = 'const e = Math.exp(-Math.abs(v)); const h = Math.max(v, 0) - v * t + Math.log1p(e);';

/** What goes through an exponential or a logarithm, by kernel and, of swish, by the activation that takes it. */
export const plainLoops: Readonly<Record<string, Loop>> = {
  stepBackward: backward('const e = Math.exp(-Math.abs(v)); y[i] = (dy * e) / ((1 + e) * (1 + e));'),
  sigmoidForward: forward('1 / (1 + Math.exp(-v))'),
  tanhForward: forward('1 - 2 / (Math.exp(2 * v) + 1)'),
  exponentialForward: forward('Math.exp(v)'),
  logForward: forward('Math.log(v)'),
  eluForward: forward('v < 0 ? Math.exp(v) - 1 : v'),
  celuForward: forward('v < 0 ? 2 * (Math.exp(0.5 * v) - 1) : v'),
  geluForward: loop(`const v = x[i]; ${NORMAL} y[i] = v * phi;`),
  geluBackward: backward(`${NORMAL} y[i] = dy * (phi + v * e * 0.3989422804014327);`),
  'swishForward silu': forward('v / (1 + Math.exp(-v))'),
  'swishBackward silu': backward('const p = 1 / (1 + Math.exp(-v)); y[i] = dy * p * (1 + v * (1 - p));'),
  'swishForward gelu': forward('v / (1 + Math.exp(-1.5957691216 * (v + 0.044715 * v * v * v)))'),
  'swishBackward gelu': backward(
    `const p = 1 / (1 + Math.exp(-1.5957691216 * (v + 0.044715 * v * v * v)));
    y[i] = dy * p * (1 + v * (1 - p) * 1.5957691216 * (1 + 0.134145 * v * v));`,
  ),
  mishForward: loop(`const v = x[i]; ${TANH_SOFTPLUS} y[i] = (v * n) / (n + 2);`),
  mishBackward: backward(`${TANH_SOFTPLUS} const q = 1 / (n + 2); y[i] = dy * q * (n + 4 * v * e * (1 + e) * q);`),
  softplusForward: forward('Math.log(1 + Math.exp(v))'),
  softplusBackward: backward('y[i] = dy * (1 - Math.exp(-v));'),
  softmaxForward: rows('y[b + j] /= sum;'),
  logSoftmaxForward: rows('y[b + j] = x[b + j] - logSum;'),
  logSoftmaxBackward: new Function(
    'x',
    'y',
    's',
    'columns',
    `for (let b = 0; b < x.length; b += columns) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += s[b + j];
      for (let j = 0; j < columns; j++) y[b + j] = s[b + j] - Math.exp(x[b + j]) * sum;
    }`,
  ) as Loop,
  binaryCrossentropy: loss(`${CROSSENTROPY} const l = h; const d = (v < 0 ? e : 1) / (1 + e) - t;`),
  binaryFocalCrossentropy: loss(
    `${CROSSENTROPY} const p = (v < 0 ? e : 1) / (1 + e); const q = t * (1 - p) + (1 - t) * p;
    const f = Math.pow(q, 2); const l = f * h; const d = f * (p - t + ((2 * (1 - 2 * t) * p * (1 - p)) / q) * h);`,
  ),
  logCosh: loss(
    `const a = Math.abs(v - t); const e = Math.exp(-2 * a); const l = a + Math.log1p(e) - Math.LN2;
    const f = (1 - e) / (1 + e); const d = v < t ? -f : f;`,
  ),
  poisson: loss('const r = v + 1e-8; const l = v - t * Math.log(r); const d = 1 - t / r;'),
  klDivergence: loss('const r = t / Math.max(v, 1e-7); const l = t === 0 ? 0 : t * Math.log(r); const d = -r;'),
  meanSquaredLogarithmicError: loss(
    'const e = Math.log1p(Math.max(v, 0)) - Math.log1p(t); const l = e * e; const d = v > 0 ? (2 * e) / (1 + v) : 0;',
  ),
  sparseCategoricalCrossentropy: rows(
    'y[b + j] /= sum * count;',
    'const label = s[b / columns]; total += logSum - x[b + label]; y[b + label] -= 1 / count;',
  ),
  categoricalCrossentropy: rows(
    'const t = s[b + j]; total += t * (logSum - x[b + j]); all += t;',
    'for (let j = 0; j < columns; j++) y[b + j] = ((y[b + j] / sum) * all - s[b + j]) / count;',
  ),
  categoricalFocalCrossentropy: rows(
    `const p = y[b + j] / sum; const d = logSum - x[b + j]; const w = s[b + j] * Math.pow(1 - p, 2);
    total += 0.25 * w * d; const g = w * (1 + (2 * p * d) / (1 - p)); y[b + j] = g; all += g;`,
    `for (let j = 0; j < columns; j++)
      y[b + j] = (0.25 * ((Math.exp(x[b + j] - max) / sum) * all - y[b + j])) / count;`,
  ),
};
