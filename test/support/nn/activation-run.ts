import {
  type Backend,
  type BackendFactory,
  type KernelName,
  RESERVED_ELEMENTS,
} from '../../../src/kernels/contract.js';
import type { ActivationPlan } from '../../../src/kernels/lib/curve.js';

const BASE = RESERVED_ELEMENTS;

export interface ActivationInput {
  readonly x: readonly number[];
  readonly dy: readonly number[];
  readonly columns: number;
  /** Of a plan with a slope per unit. */
  readonly slopes?: readonly number[];
}

/** Runs an activation's kernels over rows of `columns`, by the common signature of its plan; in inference where that differs. */
export function runActivation(factory: BackendFactory, given: ActivationPlan, input: ActivationInput) {
  const plan = given.shape === 'random' ? given.inference : given;
  const { columns } = input;
  const rows = input.x.length / columns;
  const stride = Math.ceil(columns / 8) * 8;
  const size = rows * stride;
  const backend = factory.open(BASE + 4 * size + 2 * stride + 64);
  const [x, y, dy, dx, slopes, dslopes] = [0, size, 2 * size, 3 * size, 4 * size, 4 * size + stride].map(
    (offset) => BASE + offset,
  ) as [number, number, number, number, number, number];
  const write = (at: number, values: readonly number[]) =>
    values.forEach((value, i) => {
      backend.heap[at + Math.floor(i / columns) * stride + (i % columns)] = value;
    });
  const read = (at: number, count = rows * columns) =>
    Array.from({ length: count }, (_, i) => backend.heap[at + Math.floor(i / columns) * stride + (i % columns)]!);
  write(x, input.x);
  write(dy, input.dy);
  write(slopes, input.slopes ?? []);
  if (plan.shape === 'identity') return { y: read(x), dx: read(dy), dslopes: [] };
  const call = (pass: string, ...args: number[]) => callKernel(backend, `${plan.kernel}${pass}` as KernelName, args);
  if (plan.shape === 'units') {
    call('Forward', x, slopes, y, rows, columns, stride);
    call('Backward', x, slopes, dy, dx, dslopes, rows, columns, stride);
  } else if (plan.shape === 'rows') {
    call('Forward', x, y, rows, columns, stride);
    call('Backward', y, dy, dx, rows, columns, stride);
  } else if (plan.shape === 'elementwise') {
    call('Forward', x, y, size, ...plan.numbers);
    if (plan.saves === 'nothing') write(dx, input.dy);
    else call('Backward', plan.saves === 'x' ? x : y, dy, dx, size, ...plan.numbers);
  }
  return { y: read(y), dx: read(dx), dslopes: read(dslopes, plan.shape === 'units' ? columns : 0) };
}

function callKernel({ kernels }: Backend, name: KernelName, args: readonly number[]): void {
  (kernels[name] as (...args: number[]) => void)(...args);
}
