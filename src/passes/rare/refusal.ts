import type { Engine } from '../../engine/engine.js';
import type { Outcome } from '../../engine/outcome.js';
import { NonFiniteError } from '../../errors.js';
import type { RefusedBatch } from '../refused-batch.js';

/** Returns the error of a refused batch, with the facts that are known at once; `explain` finds out the rest. */
export function refusal(engine: Engine, { loss, trouble }: Outcome, refused: RefusedBatch): NonFiniteError {
  const { epoch, batch } = refused;
  const { tensor = 'gradient', name } = trouble ?? {};
  const what = {
    loss: `The loss is ${loss}`,
    gradient: 'The gradient is not finite',
    weight: `The update would make ${name} infinite`,
  }[tensor];
  const facts = { tensor, ...(epoch === undefined ? {} : { epoch }), ...(batch === undefined ? {} : { batch }) };
  const where = epoch === undefined ? `step ${engine.steps.taken + 1}` : `epoch ${epoch}, batch ${batch}`;
  const message = `${what} in ${where}. The step was not applied: weights and state are those of the step before.`;
  const hint = epoch === undefined ? ' `await error.explain()` says where it began and why.' : '';
  const error: NonFiniteError = new NonFiniteError(message + hint, facts, async () => {
    const { explain } = await import('../explain-non-finite.js');
    return explain(engine, refused, facts, where, name) ?? error;
  });
  return error;
}

declare module '../../rare.js' {
  interface RareParts {
    readonly refusal: typeof refusal;
  }
}
