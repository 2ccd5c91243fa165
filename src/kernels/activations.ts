import type { Arithmetic } from './arithmetic.js';
import type { Heap, Twins } from './contract.js';

type Family = Pick<
  Twins,
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

export function activations(arithmetic: Arithmetic): Family {
  const { round: f, exp, log, sigmoid, tanh } = arithmetic;

  const map =
    (op: (x: number) => number) =>
    (h: Heap, x: number, y: number, n: number): void => {
      for (let i = 0; i < n; i++) h[y + i] = op(h[x + i]!);
    };
  const zip =
    (op: (y: number, dy: number) => number) =>
    (h: Heap, y: number, dy: number, dx: number, n: number): void => {
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
