import type { Axes } from '../kernels/axis.js';
import type { Call } from '../kernels/contract.js';
import { type Axis, along } from '../kernels/cut.js';
import * as k from '../kernels/signatures/index.js';
import { productFlops } from './emitter.js';
import { denseScratch } from './plan.js';

// This file cuts dense products that take long, where others wait for their turn, as in fit; split.ts cuts the rest, for threads.

/** Nanoseconds per floating point operation, measured and rounded. */
const FLOP = 0.023;

/** Fewer rows would read the weights more often than multiplying with them repays. A multiple of the tile's 4. */
const FEWEST_ROWS = 16;

const work = ({ rows, inputs, units }: { readonly rows: number; readonly inputs: number; readonly units: number }) =>
  2 * rows * inputs * units * FLOP;

const forwardAxis = /* @__PURE__ */ along(k.denseForward, (numbers) => {
  const { rows, inputs, xStride, yStride } = numbers;
  return {
    over: 'rows',
    by: { x: xStride, y: yStride },
    work: work(numbers),
    unit: FEWEST_ROWS,
    room: denseScratch.forward(rows, inputs),
  };
});

/** Cuts a forward product by whole panels of its weights: each part reads all rows and its own weights. */
export const unitAxis = /* @__PURE__ */ along(k.denseForward, (numbers) => {
  const { rows, inputs } = numbers;
  return {
    over: 'units',
    by: { w: inputs, b: 1, y: 1 },
    work: work(numbers),
    unit: 8,
    room: denseScratch.forward(rows, inputs),
  };
});

/** Products' axes stand here, since the plan places their scratch. */
export const productAxes: Axes = {
  denseForward: forwardAxis,
  denseForwardRelu: forwardAxis,
  denseInputGradient: /* @__PURE__ */ along(k.denseInputGradient, (numbers) => {
    const { rows, units } = numbers;
    return { over: 'inputs', by: { w: 8, dx: 1 }, work: work(numbers), room: denseScratch.inputGradient(rows, units) };
  }),
  // Of whole panels.
  denseKernelGradient: /* @__PURE__ */ along(k.denseKernelGradient, (numbers) => {
    const { rows, inputs } = numbers;
    const room = denseScratch.kernelGradient(rows, inputs);
    return { over: 'units', by: { dy: 1, dw: inputs }, work: work(numbers), unit: 8, room };
  }),
};

/** Returns the call over `parts` ranges of about equal size, fewer where there is not enough to cut. */
export function cutInto({ extent, unit, cut }: Axis, parts: number, apart: boolean): readonly Call[] {
  const step = Math.ceil(extent / unit / parts) * unit;
  const count = Math.ceil(extent / step);
  return Array.from({ length: count }, (_, i) => cut(i * step, Math.min(step, extent - i * step), apart ? i : 0));
}

/** Cuts a dense product of more than `longest` floating point operations into shorter calls. */
export function splitLongCall(call: Call, longest: number): readonly Call[] {
  const [kernel] = call;
  const parts = Math.ceil(productFlops(kernel, call, 1) / longest);
  const axis = parts > 1 ? productAxes[kernel]?.(call) : undefined;
  return axis ? cutInto(axis, parts, false) : [call];
}
