import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const PIXELS = 64;

/** The 1,797 digits in the file's order: pixels from 0 to 1, and what each shows. */
export function readDigits() {
  const file = readFileSync(new URL('./digits.csv.gz', import.meta.url));
  const lines = gunzipSync(file).toString().trimEnd().split('\n');
  const x = { data: new Float32Array(lines.length * PIXELS), rows: lines.length, columns: PIXELS };
  const y = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    const numbers = line.split(',').map(Number);
    const pixels = numbers.slice(0, PIXELS).map((v) => v / 16);
    x.data.set(pixels, i * PIXELS);
    y[i] = numbers[PIXELS];
  });
  return { x, y };
}

/** Mulberry32: numbers from 0 to 1 that depend on the seed alone. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function take({ x, y }, indices) {
  const { columns } = x;
  const data = new Float32Array(indices.length * columns);
  indices.forEach((from, to) => {
    data.set(x.data.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  return { x: { data, rows: indices.length, columns }, y: Uint8Array.from(indices, (i) => y[i]) };
}

/** Shuffles by the seed, then keeps a share of the rows for testing. */
export function split(digits, seed, testShare = 0.2) {
  const random = randomNumbers(seed);
  const order = Array.from(digits.y.keys());
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  const tested = Math.floor(order.length * testShare);
  return { train: take(digits, order.slice(tested)), test: take(digits, order.slice(0, tested)) };
}
