import type { Engine } from '../../engine/engine.js';
import { checkNumber, checkOptions, NonFiniteError, StateError, show, ValueError } from '../../errors.js';
import type { Matrix } from '../../matrix.js';
import type { ClassName } from '../../nn/class-names.js';
import { outputLayer } from '../../program/network.js';
import type { Data } from '../../rows/arrays.js';
import { namesOf } from '../../rows/rare/class-labels.js';
import { predictGraph } from './predict-graph.js';

/** Options of `predictClasses`. */
export interface PredictClassesOptions {
  /**
   * Outputs above this are a yes, where a class is a yes or no: of one column, and of several columns of sigmoid. Default 0.5, of
   * the hinge losses 0.
   */
  readonly threshold?: number;
  /** Rows that are computed at a time, as in `predict`; default 256. */
  readonly batchSize?: number;
}

/** A predicted class: its name, or its index where the model has no `classNames`. */
export type PredictedClass = ClassName | number;

type Meaning = 'classes' | 'binary' | 'several';

/** Returns what the numbers of an output mean. @throws StateError where they are no classes. */
function meaningOf(engine: Engine, i: number): { readonly meaning: Meaning; readonly threshold: number } {
  const { network } = engine;
  const { units, activation } = outputLayer(network, i);
  const { definition, fuses } = (engine.compiled ? engine.training.targets[i]?.objective : undefined) ?? {};
  const targets = definition?.targets;
  // The threshold of a definition is that of outputs as they are; those of a fused sigmoid are probabilities.
  const threshold = (fuses ? undefined : definition?.threshold) ?? 0.5;
  const exclusive = activation === 'softmax' || targets === 'label' || targets === 'class';
  if (exclusive && units > 1) return { meaning: 'classes', threshold };
  if (activation === 'sigmoid' || targets === 'yesNo') return { meaning: units > 1 ? 'several' : 'binary', threshold };
  throw new StateError(
    `predictClasses: the output '${network.outputs[i]?.name}' is ${units === 1 ? 'a number' : `${units} numbers`} of ` +
      `${activation ?? 'linear'}, which ${units === 1 ? 'is no class' : 'are no classes'}; predict returns ${units === 1 ? 'it' : 'them'}.`,
  );
}

/** @throws NonFiniteError for NaN, of which no class is the one. */
function checkRows({ data, columns }: Matrix, layer: string): void {
  const at = data.findIndex((value) => Number.isNaN(value));
  if (at < 0) return;
  const row = Math.floor(at / columns);
  const message = `predictClasses: the output '${layer}' of row ${row} is NaN, which is no class: the weights are not finite.`;
  throw new NonFiniteError(message, { row, layer, tensor: 'activation' });
}

function classesOf(
  engine: Engine,
  predicted: Matrix,
  i: number,
  given: number | undefined,
): readonly (PredictedClass | readonly PredictedClass[])[] {
  const { name } = engine.network.outputs[i] as { readonly name: string };
  const { meaning, threshold: usual } = meaningOf(engine, i);
  const { columns } = predicted;
  const names = namesOf(engine.named.classNames, name);
  // One column may have one name, that of the column.
  const known = names?.length === (columns === 1 ? 2 : columns) ? names : undefined;
  checkRows(predicted, name);
  const called = (index: number): PredictedClass => known?.[index] ?? index;
  if (meaning === 'classes') return Array.from(predicted.argMax(), called);
  const threshold = given ?? usual;
  if (meaning === 'binary') return Array.from(predicted.data, (value) => called(value > threshold ? 1 : 0));
  return Array.from(predicted, (row) => {
    return [...row.keys()].filter((column) => (row[column] as number) > threshold).map(called);
  });
}

/**
 * Predicts the class of each row, of several outputs by their names.
 * @throws ValueError for a threshold where there is none.
 */
export function predictClasses(engine: Engine, x: Data, options: PredictClassesOptions = {}): unknown {
  checkOptions(options, ['threshold', 'batchSize'], 'predictClasses');
  const { threshold, ...rest } = options;
  if (threshold !== undefined) checkNumber(threshold, 'threshold');
  const { outputs } = engine.network;
  const meanings = outputs.map((_, i) => meaningOf(engine, i).meaning);
  if (threshold !== undefined && meanings.every((meaning) => meaning === 'classes')) {
    const expected = 'none, since the class is the greatest of several columns';
    throw new ValueError({ argument: 'threshold', given: show(threshold), expected });
  }
  const predicted = predictGraph(engine, x, rest) as readonly Matrix[];
  const classes = predicted.map((matrix, i) => classesOf(engine, matrix, i, threshold));
  if (outputs.length === 1) return classes[0];
  return Object.fromEntries(outputs.map(({ name }, i) => [name, classes[i]]));
}

declare module '../../rare.js' {
  interface RareParts {
    readonly predictClasses: typeof predictClasses;
  }
}
