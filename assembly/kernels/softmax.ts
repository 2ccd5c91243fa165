import { log } from '../lib/math';
import { at, hsum, laneMask } from '../lib/simd';
import { exponentials, LogRow, lowest, push, rowMaxima } from '../lib/softmax';

// These activations take whole rows: (x, y, rows, columns, stride) and (y, dy, dx, rows, columns, stride). They may work in
// place.

/** y = softmax of each row. */
export function softmaxForward(x: i32, y: i32, rows: i32, columns: i32, stride: i32): void {
  const step = at(stride);
  for (let r = 0; r < rows; r += 4) {
    const z = at(x + r * stride);
    let out = at(y + r * stride);
    const count = min(rows - r, 4);
    let sums = exponentials(z, out, step, count, columns, rowMaxima(z, step, count, columns));
    for (let k = 0; k < count; k++, out += step) {
      const sum = lowest(sums);
      sums = push(sums, sums);
      for (let c = 0; c < columns; c += 4) {
        const p = out + ((<usize>c) << 2);
        v128.store(p, f32x4.div(v128.load(p), sum));
      }
    }
  }
}

/** dx = y (dy - sum(y dy)) of each row. */
export function softmaxBackward(y: i32, dy: i32, dx: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = at(y + r * stride);
    const g = at(dy + r * stride);
    const out = at(dx + r * stride);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      sum = f32x4.add(sum, v128.and(f32x4.mul(v128.load(p + i), v128.load(g + i)), laneMask(columns - c)));
    }
    const dot = f32x4.splat(hsum(sum));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      v128.store(out + i, f32x4.mul(v128.load(p + i), f32x4.sub(v128.load(g + i), dot)));
    }
  }
}

/** y = x - log(sum(e^x)) of each row. In place is allowed. */
export function logSoftmaxForward(x: i32, y: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const z = at(x + r * stride);
    const out = at(y + r * stride);
    const max = lowest(rowMaxima(z, 0, 1, columns));
    const sum = changetype<LogRow>(0).run(false, z, z, out, columns, max);
    const logSum = log(f32x4.splat(hsum(sum)));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      v128.store(out + i, f32x4.sub(v128.load(out + i), logSum));
    }
  }
}

/** dx = dy - e^y sum(dy) of each row. In place is allowed. */
export function logSoftmaxBackward(y: i32, dy: i32, dx: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = at(y + r * stride);
    const g = at(dy + r * stride);
    const out = at(dx + r * stride);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      sum = f32x4.add(sum, v128.and(v128.load(g + ((<usize>c) << 2)), laneMask(columns - c)));
    }
    const all = f32x4.splat(hsum(sum));
    changetype<LogRow>(0).run(true, p, g, out, columns, all);
  }
}
