import { TALL } from '../lib/engine';
import { Floor, Keep, Product } from '../lib/micro';
import { packColumns, packRows, transpose4 } from '../lib/pack';
import { at, laneMask } from '../lib/simd';

// Dense weights are stored in panels [ceil(units / 8)][inputs][8], zero in the columns past `units`. `scratch` holds packed
// operands. Its sizes, with rows and inputs rounded up to multiples of 4 and units to 8, are: forward rows inputs; input
// gradient 16 units + rows units; kernel gradient 8 rows + rows inputs.

/** Fewer panels than this to multiply with do not repay packing the other operand. */
const FEWEST_PANELS = 4;

function forward(
  floor: f32,
  x: i32,
  w: i32,
  b: i32,
  y: i32,
  scratch: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  yStride: i32,
): void {
  const product = changetype<Product<Floor>>(0);
  const panel = at(inputs << 3);
  let weights = at(w);
  let bias = at(b);
  let out = at(y);
  let left = (units + 7) >> 3;
  if (rows === 1) {
    // The loop takes as many panels as the engine has registers for, and never one alone, whose row would be computed four
    // times.
    if (ASC_FEATURE_RELAXED_SIMD && TALL) {
      for (; left > 3 && left !== 5; left -= 4) {
        product.row(4, at(x), weights, inputs, bias, out, floor);
        weights += panel * 4;
        bias += 128;
        out += 128;
      }
    }
    for (; left > 2 && left !== 4; left -= 3) {
      product.row(3, at(x), weights, inputs, bias, out, floor);
      weights += panel * 3;
      bias += 96;
      out += 96;
    }
    for (; left > 1; left -= 2) {
      product.row(2, at(x), weights, inputs, bias, out, floor);
      weights += panel * 2;
      bias += 64;
      out += 64;
    }
  } else if (left >= FEWEST_PANELS) {
    packRows(at(x), at(xStride), at(scratch), rows, inputs);
    const tile = (<usize>inputs) << 4;
    for (; left > 0; left--) {
      const low = v128.load(bias);
      const high = v128.load(bias, 16);
      product.packed(at(scratch), tile, 16, weights, inputs, low, high, out, at(yStride), rows, floor);
      weights += panel;
      bias += 32;
      out += 32;
    }
  }
  for (; left > 0; left--) {
    product.strided(
      at(x),
      at(xStride),
      weights,
      inputs,
      v128.load(bias),
      v128.load(bias, 16),
      out,
      at(yStride),
      rows,
      floor,
    );
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
  scratch: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  yStride: i32,
): void {
  forward(-Infinity, x, w, b, y, scratch, rows, inputs, units, xStride, yStride);
}

/** y = max(x w + b, 0). */
export function denseForwardRelu(
  x: i32,
  w: i32,
  b: i32,
  y: i32,
  scratch: i32,
  rows: i32,
  inputs: i32,
  units: i32,
  xStride: i32,
  yStride: i32,
): void {
  forward(0, x, w, b, y, scratch, rows, inputs, units, xStride, yStride);
}

/**
 * Inputs whose rows of w are transposed at a time: runs of memory long enough to read fast, few enough to stay in the
 * first-level cache.
 */
const TRANSPOSED = 16;

/**
 * Writes the rows of w that belong to up to TRANSPOSED inputs as panels [ceil(units / 8) * 8][8], one after another.
 * They lie a panel apart, where no prefetching hardware looks, so every line is touched first: loads alone wait together.
 */
function transposePanels(from: usize, panel: usize, panels: i32, inputs: i32, to: usize): void {
  const size = (<usize>panels) << 8;
  const bytes = (<usize>inputs) << 5;
  let touched = f32x4.splat(0);
  for (let p = 0, at = from; p < panels; p++, at += panel) {
    for (let line = at; line < at + bytes; line += 64) touched = v128.xor(touched, v128.load(line));
  }
  v128.store(to, touched);
  for (let p = 0; p < panels; p++, from += panel, to += 256) {
    let block = from;
    let out = to;
    let left = inputs;
    for (; left >= 8; left -= 8, block += 256, out += size) {
      transposeBlock(block, out);
      transposeBlock(block + 16, out + 128);
      transposeBlock(block + 128, out + 16);
      transposeBlock(block + 144, out + 144);
    }
    if (left) {
      for (let j: usize = 0; j < 8; j++) {
        for (let k: usize = 0; k < 8; k++) {
          f32.store(out + (j << 5) + (k << 2), <i32>k < left ? f32.load(block + (k << 5) + (j << 2)) : 0);
        }
      }
    }
  }
}

function transposeBlock(from: usize, to: usize): void {
  transpose4(v128.load(from), v128.load(from, 32), v128.load(from, 64), v128.load(from, 96), to, 32);
}

/**
 * dx = dy w^T. The rows of w that belong to 8 inputs, transposed, make a panel. `wPanel` elements lie between the panels
 * of w: 8 per input of the whole layer, of which `inputs` may be a part.
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
  wPanel: i32,
): void {
  const zero = f32x4.splat(0);
  const product = changetype<Product<Keep>>(0);
  const panels = (units + 7) >> 3;
  const size = (<usize>panels) << 8;
  const packed = inputs > 8 * FEWEST_PANELS && rows > 1;
  const tiles = at(scratch) + (size << 1);
  const tile = (<usize>units) << 4;
  if (packed) packRows(at(dy), at(dyStride), tiles, rows, units);
  for (let i = 0; i < inputs; i += 8) {
    const b = at(scratch) + size * <usize>((i & (TRANSPOSED - 1)) >> 3);
    if (b === at(scratch)) {
      transposePanels(at(w) + ((<usize>i) << 5), at(wPanel), panels, min(inputs - i, TRANSPOSED), b);
    }
    if (packed) product.packed(tiles, tile, 16, b, units, zero, zero, at(dx + i), at(dxStride), rows, 0);
    else product.strided(at(dy), at(dyStride), b, units, zero, zero, at(dx + i), at(dxStride), rows, 0);
  }
}

/** dw = x^T dy, in panels. Each panel of dy is copied, its columns past `units` as zeros. */
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
  const panel = (<usize>rows) << 5;
  const end = at(scratch) + panel;
  let a = at(x);
  let aTile: usize = 16;
  let aStep = at(xStride);
  if (units > 8 * FEWEST_PANELS) {
    packColumns(a, aStep, end, rows, inputs);
    a = end;
    aTile = (<usize>rows) << 4;
    aStep = 16;
  }
  for (let c = 0; c < units; c += 8) {
    const low = laneMask(units - c);
    const high = laneMask(units - c - 4);
    let from = at(dy + c);
    for (let to = at(scratch); to < end; to += 32, from += stride) {
      v128.store(to, v128.and(v128.load(from), low));
      v128.store(to, v128.and(v128.load(from, 16), high), 16);
    }
    const out = at(dw) + ((<usize>(c >> 3) * <usize>inputs) << 5);
    changetype<Product<Keep>>(0).packed(a, aTile, aStep, at(scratch), rows, zero, zero, out, 32, inputs, 0);
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
