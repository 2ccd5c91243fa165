import { checkNumber, checkOptions, lookUp } from '../errors.js';

/** A penalty on weights, as plain data. */
export interface Regularizer {
  readonly name: 'l2';
  readonly lambda: number;
}

/** Adds lambda sum(w^2) to the loss, and so 2 lambda w to the gradient, as in Keras. (PyTorch's weight_decay is lambda w.) */
export function l2(lambda = 0.01): Regularizer {
  return { name: 'l2', lambda: checkNumber(lambda, 'l2(lambda)', { min: 0 }) };
}

/** The l2 strength of a spec, 0 for none. */
export function checkRegularizer(spec: Regularizer | undefined, argument: string): number {
  if (spec === undefined) return 0;
  checkOptions(spec, ['name', 'lambda'], argument);
  lookUp({ l2 }, spec.name, `${argument}.name`);
  return checkNumber(spec.lambda, `${argument}.lambda`, { min: 0 });
}
