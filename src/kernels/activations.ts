import type { Kernels } from './contract.js';
import type { Machine } from './machine.js';

type Family = Pick<
  Kernels,
  | 'reluForward'
  | 'reluBackward'
  | 'sigmoidForward'
  | 'sigmoidBackward'
  | 'tanhForward'
  | 'tanhBackward'
  | 'exponentialForward'
  | 'exponentialBackward'
  | 'logForward'
>;

export function activations(machine: Machine): Family {
  const { round: f, exp, log, sigmoid, tanh } = machine;

  const map =
    (op: (x: number) => number) =>
    (x: number, y: number, n: number): void => {
      const h = machine.heap;
      for (let i = 0; i < n; i++) h[y + i] = op(h[x + i]!);
    };
  const zip =
    (op: (y: number, dy: number) => number) =>
    (y: number, dy: number, dx: number, n: number): void => {
      const h = machine.heap;
      for (let i = 0; i < n; i++) h[dx + i] = op(h[y + i]!, h[dy + i]!);
    };

  return {
    reluForward: map((x) => (x < 0 ? 0 : x)),
    reluBackward: zip((y, dy) => (y <= 0 ? 0 : dy)),
    sigmoidForward: map(sigmoid),
    sigmoidBackward: zip((y, dy) => f(dy * f(y * f(1 - y)))),
    tanhForward: map(tanh),
    tanhBackward: zip((y, dy) => f(dy * f(1 - f(y * y)))),
    exponentialForward: map(exp),
    exponentialBackward: zip((y, dy) => f(dy * y)),
    logForward: map(log),
  };
}
