import { at, fma, laneMask } from '../../lib/simd';

// Rows of x are their non-zeros: those of row r stand from starts[r] to before starts[r + 1] in `indices`, their inputs in
// ascending order as whole numbers below 2^23 in float32, and in `values`. Sums run in the order of the dense products, which
// add nothing but zeros where x has none. Weights are the panels of linalg.ts.

/** Added to this, a whole number below it has its bits in the lowest of the sum: a conversion takes several times as long. */
const WHOLE: f32 = 8388608;

/** The other bits of the sum, in bytes of a panel. */
const OTHERS: usize = 0x4b000000 << 5;

/** Weights are read in order first where there are more non-zeros than one to so many inputs. */
const FEW = 4;

/** Returns the place of an input in a panel, OTHERS too high. */
function place(index: usize): usize {
  return (<usize>reinterpret<i32>(f32.load(index) + WHOLE)) << 5;
}

function forward(
  floor: f32,
  starts: i32,
  indices: i32,
  values: i32,
  w: i32,
  b: i32,
  y: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  yStride: i32,
): void {
  const zero = f32x4.splat(0);
  const least = f32x4.splat(floor);
  const panel = at(inputs << 3);
  const stride = at(yStride);
  const toValues = at(values) - at(indices);
  const first = <i32>f32.load(at(starts));
  const nonZeros = <i32>f32.load(at(starts + rows)) - first;
  let weights = at(w);
  for (let c = 0; c < units; c += 8, weights += panel) {
    let out = at(y + c);
    if (nonZeros > inputs / FEW) {
      // Lines that are read in order come several times as fast, and then stay in the second-level cache.
      let touched = zero;
      for (let line = weights; line < weights + panel; line += 64) touched = v128.xor(touched, v128.load(line));
      v128.store(out, touched);
    }
    // A sum that begins with -0 would stay -0 where the dense product adds a zero of the other sign.
    const low = f32x4.add(v128.load(at(b + c)), zero);
    const high = f32x4.add(v128.load(at(b + c), 16), zero);
    let start = at(starts);
    let p = at(indices + first);
    for (let r = 0; r < rows; r++, out += stride) {
      start += 4;
      let s0 = low;
      let s1 = high;
      for (const end = at(indices + <i32>f32.load(start)); p < end; p += 4) {
        const k = weights - OTHERS + place(p);
        const x = v128.load32_splat(p + toValues);
        s0 = fma(x, v128.load(k), s0);
        s1 = fma(x, v128.load(k, 16), s1);
      }
      v128.store(out, f32x4.pmax(s0, least));
      v128.store(out, f32x4.pmax(s1, least), 16);
    }
  }
}

/** y = x w + b over the non-zeros of x; a bias of -0 counts as 0. Writes whole panels, as denseForward does. */
export function sparseForward(
  starts: i32,
  indices: i32,
  values: i32,
  w: i32,
  b: i32,
  y: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  yStride: i32,
): void {
  forward(-Infinity, starts, indices, values, w, b, y, rows, inputs, units, yStride);
}

/** y = max(x w + b, 0) over the non-zeros of x. */
export function sparseForwardRelu(
  starts: i32,
  indices: i32,
  values: i32,
  w: i32,
  b: i32,
  y: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  yStride: i32,
): void {
  forward(0, starts, indices, values, w, b, y, rows, inputs, units, yStride);
}

/** dw = x^T dy over the non-zeros of x, in panels: zeros, then rows in order. */
export function sparseKernelGradient(
  starts: i32,
  indices: i32,
  values: i32,
  dy: i32,
  dw: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  dyStride: i32,
): void {
  const panel = at(inputs << 3);
  const stride = at(dyStride);
  const toValues = at(values) - at(indices);
  let gradient = at(dw);
  for (let c = 0; c < units; c += 8, gradient += panel) {
    memory.fill(gradient, 0, panel);
    const lowLive = laneMask(units - c);
    const highLive = laneMask(units - c - 4);
    let from = at(dy + c);
    let start = at(starts);
    let p = at(indices + <i32>f32.load(start));
    for (let r = 0; r < rows; r++, from += stride) {
      start += 4;
      const low = v128.and(v128.load(from), lowLive);
      const high = v128.and(v128.load(from, 16), highLive);
      for (const end = at(indices + <i32>f32.load(start)); p < end; p += 4) {
        const k = gradient - OTHERS + place(p);
        const x = v128.load32_splat(p + toValues);
        v128.store(k, fma(x, low, v128.load(k)));
        v128.store(k, fma(x, high, v128.load(k, 16)), 16);
      }
    }
  }
}
