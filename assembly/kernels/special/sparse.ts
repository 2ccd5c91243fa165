import { at, fma, laneMask } from '../../lib/simd';

// Rows of x are their non-zeros: those of row r stand from starts[r] to before starts[r + 1] in `indices`, their inputs in
// ascending order as whole numbers in float32, and in `values`. Sums run in the order of the dense products, which add
// nothing but zeros where x has none. Weights are the panels of linalg.ts.

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
  let weights = at(w);
  for (let c = 0; c < units; c += 8, weights += panel) {
    // A sum that begins with -0 would stay -0 where the dense product adds a zero of the other sign.
    const low = f32x4.add(v128.load(at(b + c)), zero);
    const high = f32x4.add(v128.load(at(b + c), 16), zero);
    let out = at(y + c);
    let start = at(starts);
    let p = at(indices + <i32>f32.load(start));
    let q = at(values + <i32>f32.load(start));
    for (let r = 0; r < rows; r++, out += stride) {
      start += 4;
      let s0 = low;
      let s1 = high;
      for (const end = at(indices + <i32>f32.load(start)); p < end; p += 4, q += 4) {
        const k = weights + ((<usize>(<i32>f32.load(p))) << 5);
        const x = v128.load32_splat(q);
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
  let gradient = at(dw);
  for (let c = 0; c < units; c += 8, gradient += panel) {
    memory.fill(gradient, 0, panel);
    const lowLive = laneMask(units - c);
    const highLive = laneMask(units - c - 4);
    let from = at(dy + c);
    let start = at(starts);
    let p = at(indices + <i32>f32.load(start));
    let q = at(values + <i32>f32.load(start));
    for (let r = 0; r < rows; r++, from += stride) {
      start += 4;
      const low = v128.and(v128.load(from), lowLive);
      const high = v128.and(v128.load(from, 16), highLive);
      for (const end = at(indices + <i32>f32.load(start)); p < end; p += 4, q += 4) {
        const k = gradient + ((<usize>(<i32>f32.load(p))) << 5);
        const x = v128.load32_splat(q);
        v128.store(k, fma(x, low, v128.load(k)));
        v128.store(k, fma(x, high, v128.load(k, 16)), 16);
      }
    }
  }
}
