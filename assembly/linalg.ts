import { Epilogue, Keep, Product, Rectify } from './lib/micro';
import { at, laneMask } from './lib/simd';

// Dense weights lie in panels [ceil(units / 8)][inputs][8], zero in the columns past `units`.

function forward<E extends Epilogue>(
  x: i32,
  w: i32,
  b: i32,
  y: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  yStride: i32,
): void {
  const product = changetype<Product<E>>(0);
  const panel = at(inputs << 3);
  let weights = at(w);
  let bias = at(b);
  let out = at(y);
  let left = (units + 7) >> 3;
  if (rows === 1) {
    for (; left > 1; left -= 2) {
      product.pair(at(x), weights, inputs, bias, out);
      weights += panel << 1;
      bias += 64;
      out += 64;
    }
  }
  for (; left > 0; left--) {
    product.run(at(x), at(xStride), 4, weights, inputs, v128.load(bias), v128.load(bias, 16), out, at(yStride), rows);
    weights += panel;
    bias += 32;
    out += 32;
  }
}

/** y = x w + b. Writes whole panels: the columns of y up to the next multiple of 8. */
export function denseForward(
  x: i32,
  w: i32,
  b: i32,
  y: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  yStride: i32,
): void {
  forward<Keep>(x, w, b, y, rows, inputs, units, xStride, yStride);
}

/** y = max(x w + b, 0). */
export function denseForwardRelu(
  x: i32,
  w: i32,
  b: i32,
  y: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  yStride: i32,
): void {
  forward<Rectify>(x, w, b, y, rows, inputs, units, xStride, yStride);
}

/** Transposes a 4x4 block; rows lie 32 bytes apart in `from` and in `to`. */
function transpose4(from: usize, to: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from, 32);
  const r2 = v128.load(from, 64);
  const r3 = v128.load(from, 96);
  const low01 = i8x16.shuffle(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const low23 = i8x16.shuffle(r2, r3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const high01 = i8x16.shuffle(r0, r1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const high23 = i8x16.shuffle(r2, r3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(to, i8x16.shuffle(low01, low23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(to, i8x16.shuffle(low01, low23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 32);
  v128.store(to, i8x16.shuffle(high01, high23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 64);
  v128.store(to, i8x16.shuffle(high01, high23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 96);
}

/**
 * dx = dy w^T. Eight inputs at a time: their rows of w are gathered transposed into `scratch`
 * [ceil(units / 8) * 8][8], then multiplied like any panel.
 */
export function denseInputGradient(
  dy: i32,
  w: i32,
  dx: i32,
  scratch: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  dyStride: i32,
  dxStride: i32,
): void {
  const zero = f32x4.splat(0);
  const panel = at(inputs << 3);
  const panels = (units + 7) >> 3;
  for (let i = 0; i < inputs; i += 8) {
    let to = at(scratch);
    if (i + 8 <= inputs) {
      let from = at(w) + ((<usize>i) << 5);
      for (let p = 0; p < panels; p++, from += panel, to += 256) {
        transpose4(from, to);
        transpose4(from + 16, to + 128);
        transpose4(from + 128, to + 16);
        transpose4(from + 144, to + 144);
      }
    } else {
      const live = inputs - i;
      let from = at(w) + ((<usize>i) << 5);
      for (let p = 0; p < panels; p++, from += panel, to += 256) {
        for (let j = 0; j < 8; j++) {
          const row = to + ((<usize>j) << 5);
          v128.store(row, zero);
          v128.store(row, zero, 16);
          for (let k = 0; k < live; k++) {
            f32.store(row + ((<usize>k) << 2), f32.load(from + ((<usize>k) << 5) + ((<usize>j) << 2)));
          }
        }
      }
    }
    changetype<Product<Keep>>(0).run(
      at(dy),
      at(dyStride),
      4,
      at(scratch),
      units,
      zero,
      zero,
      at(dx + i),
      at(dxStride),
      rows,
    );
  }
}

/** dw = x^T dy, in panels. Each panel of dy is copied to `scratch` [rows][8], its columns past `units` as zeros. */
export function denseKernelGradient(
  x: i32,
  dy: i32,
  dw: i32,
  scratch: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  dyStride: i32,
): void {
  const zero = f32x4.splat(0);
  const stride = at(dyStride);
  const end = at(scratch) + ((<usize>rows) << 5);
  for (let c = 0; c < units; c += 8) {
    const low = laneMask(units - c);
    const high = laneMask(units - c - 4);
    let from = at(dy + c);
    for (let to = at(scratch); to < end; to += 32, from += stride) {
      v128.store(to, v128.and(v128.load(from), low));
      v128.store(to, v128.and(v128.load(from, 16), high), 16);
    }
    changetype<Product<Keep>>(0).run(
      at(x),
      4,
      at(xStride),
      at(scratch),
      rows,
      zero,
      zero,
      at(dw) + ((<usize>(c >> 3) * <usize>inputs) << 5),
      32,
      inputs,
    );
  }
}

/** db = column sums of dy, rows in order; zeros past `units` up to the next multiple of 8. */
export function denseBiasGradient(dy: i32, db: i32, rows: i32, units: i32, dyStride: i32): void {
  const stride = at(dyStride);
  for (let c = 0; c < units; c += 8) {
    let low = f32x4.splat(0);
    let high = low;
    let from = at(dy + c);
    for (let r = 0; r < rows; r++, from += stride) {
      low = f32x4.add(low, v128.load(from));
      high = f32x4.add(high, v128.load(from, 16));
    }
    v128.store(at(db + c), v128.and(low, laneMask(units - c)));
    v128.store(at(db + c), v128.and(high, laneMask(units - c - 4)), 16);
  }
}
