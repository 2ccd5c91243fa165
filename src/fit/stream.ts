import { call, checkCallbacks, hooksOf } from '../callbacks/hooks.js';
import type { Callback, EvaluateBatchesOptions, Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import { keepingReports } from '../engine/steps.js';
import { checkOptions, prefixed, show, ValueError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Blocks, Evaluating } from '../passes/evaluation.js';
import type { Logs } from '../passes/logs.js';
import { splitLongCall } from '../program/product-axes.js';
import type { Data } from '../rows/arrays.js';
import type { Batches } from '../rows/batches.js';
import type { Origin } from '../rows/changed.js';
import { isOnce } from '../rows/iterate.js';
import { checkFitted } from '../rows/learning.js';
import { asRun, sharedPause } from '../rows/pause.js';
import { forBatches, isDone, open, readBatch } from './batch-reading.js';
import { type Evaluated, evaluateAll, TestHooks } from './validation.js';

export { StreamFeed } from './stream-feed.js';

/** Hooks that are waited for may write to a batch once it was read. */
const originOf = (argument: string): Origin => ({ x: `${argument}: x`, y: `${argument}: y`, rowOf: (row) => row });

/** Validates on a stream, after an epoch of `fit`. */
export function streamed(
  engine: Engine,
  { batches, blocks }: { readonly batches: Batches; readonly blocks: Blocks },
  epoch: number,
  wait: <P>(waited: Promise<P>) => Promise<P>,
): Evaluated {
  return {
    mode: 'validate',
    rows: 0,
    blocks: { ...blocks, most: Infinity },
    origin: originOf('validationData'),
    each: (use) => {
      checkFitted(batches, 'validationData');
      return forBatches(batches, 'validationData', epoch, blocks.most, wait, (item, batch) =>
        use(readBatch(engine, item, `validationData in epoch ${epoch}, batch ${batch}`)),
      );
    },
  };
}

/**
 * Evaluates a stream, without an effect on steps of `fit` under way.
 * @throws ValueError for wrong batches or options, and where the model is compiled anew meanwhile; StreamError for a stream
 * that ends early.
 */
export async function evaluateBatches(
  model: Model,
  engine: Engine,
  batches: Batches,
  options: EvaluateBatchesOptions = {},
): Promise<Logs> {
  checkOptions(options, ['steps', 'callbacks'], 'evaluateBatches');
  const { steps = Infinity, callbacks = [] } = options;
  if (steps !== Infinity) checkSteps(steps);
  checkCallbacks(callbacks);
  checkFitted(batches, 'batches');
  engine.cutCalls(splitLongCall);
  return asRun(() => {
    const { training } = engine;
    const evaluated: Evaluated = {
      mode: 'evaluate',
      rows: 0,
      origin: originOf('batches'),
      each: (use) =>
        forBatches(
          batches,
          'batches',
          undefined,
          steps,
          (waited) => waited,
          async (item, batch) => {
            const pair = readBatch(engine, item, `batch ${batch}`);
            if (engine.training !== training) {
              throw new ValueError({
                argument: 'batches',
                given: 'a model compiled again',
                expected: 'the same model to the end',
              });
            }
            await use(pair);
            await sharedPause();
          },
        ),
    };
    const hooks = new TestHooks(callbacks, model);
    return evaluateAll(engine, evaluated, hooks, (adding) => aside(engine, adding), sharedPause);
  });
}

/** Goes on from one wait to the next without a break, so that a step of `fit` which is midway finds its reports again. */
async function aside(engine: Engine, adding: Evaluating): Promise<void> {
  for (;;) {
    const { done, value } = keepingReports(engine, () => {
      for (;;) {
        const part = adding.next();
        if (part.done || part.value) return part;
      }
    });
    if (done) return;
    await value;
  }
}

function checkSteps(steps: unknown): void {
  if (Number.isInteger(steps) && (steps as number) >= 1) return;
  throw new ValueError({ argument: 'steps', given: show(steps), expected: 'an integer >= 1' });
}

/** Predicts a stream of inputs, batch by batch. */
export async function* predictBatches(
  model: Model,
  batches: Batches<Data>,
  options: { readonly callbacks?: readonly Callback[] } = {},
): AsyncGenerator<Matrix, void, undefined> {
  checkOptions(options, ['callbacks'], 'predictBatches');
  const { callbacks = [] } = options;
  checkCallbacks(callbacks);
  const batchBegin = hooksOf(callbacks, 'onPredictBatchBegin');
  const batchEnd = hooksOf(callbacks, 'onPredictBatchEnd');
  checkFitted(batches, 'batches');
  const reading = open(batches, 0, 'batches');
  await call(hooksOf(callbacks, 'onPredictBegin'), model);
  try {
    for (let batch = 0; ; batch++) {
      const result = await reading.next();
      if (isDone(result, `batch ${batch}`)) break;
      reading.used();
      await call(batchBegin, batch, model);
      let output: Matrix;
      try {
        output = model.predict(result.value);
      } catch (error) {
        throw prefixed(error, `batch ${batch}`, ': ');
      }
      await call(batchEnd, batch, model);
      yield output;
      await sharedPause();
    }
  } finally {
    if (!isOnce(batches)) reading.close();
  }
  await call(hooksOf(callbacks, 'onPredictEnd'), model);
}
