import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../errors.js';
import type { KernelName } from '../kernels/contract.js';
import { resolve } from '../kernels/definition.js';
import { DOMAINS, type LossDefinition } from '../kernels/lib/loss.js';
import * as k from '../kernels/signatures/index.js';
import type { LossSpec } from '../kernels/tables.js';
import type { Matrix } from '../matrix.js';
import { rare } from '../rare.js';
import type { BoundLoss } from './bound-loss.js';
import { BUILD, type BuildsLoss, isCustom } from './expressions/builds.js';
import type { CustomLoss } from './expressions/custom.js';
import { type LossName, lossNames } from './names.js';

export type { LossName, LossSpec };

/** A loss by name, with options, or one that `customLoss` made. */
export type Loss = LossName | LossSpec | CustomLoss;

/** Says of targets of the wrong width which loss takes the other form. */
const FORMS: Partial<Record<LossDefinition['targets'], string>> = {
  label: 'For one-hot rows use categoricalCrossentropy.',
  class: 'For class indices use sparseCategoricalCrossentropy.',
};

/** `classes`: what labels would number, where these are some. */
function refuse(
  targets: Matrix,
  argument: string,
  expected: string,
  bad: (value: number) => boolean,
  classes?: number,
): void {
  const { data, columns } = targets;
  for (let i = 0; i < data.length; i++) {
    if (!bad(data[i] as number)) continue;
    const place = columns === 1 ? `[${i}]` : `, row ${Math.floor(i / columns)}, column ${i % columns}`;
    throw new ValueError({
      argument: `${argument}${place}`,
      given: String(data[i]),
      expected,
      hint: classes === undefined ? undefined : rare().labelHint(data, classes),
    });
  }
}

function checkValues(targets: Matrix, units: number, argument: string, definition: LossDefinition): void {
  if (definition.targets === 'label') {
    const bad = (v: number) => !(v >= 0 && v < units && v === Math.floor(v));
    refuse(targets, argument, `a class index from 0 to ${units - 1}`, bad, units);
    return;
  }
  const { domain } = definition;
  if (domain === 'any') return;
  const { expected, holds } = DOMAINS[domain];
  const binary = definition.targets === 'yesNo' && units === 1;
  refuse(targets, argument, expected, (v) => !holds(v), binary ? 2 : undefined);
  if (domain === 'sign' && targets.data.includes(-1) && targets.data.includes(0)) {
    throw new ValueError({ argument, given: 'both 0 and -1', expected });
  }
}

function bindCustom(loss: BuildsLoss, units: number, weight: number): BoundLoss {
  const build = loss[BUILD];
  if (build) return build(loss, units, weight);
  throw new ValueError({
    argument: 'loss',
    given: 'plain data of a custom loss',
    expected: 'what customLoss returns',
    hint: 'customLoss(spec) takes plain data.',
  });
}

/**
 * Binds a loss to a model that ends in `units` outputs of `activation`.
 * @throws UnknownNameError, or ValueError where the loss does not fit the output.
 * @throws ShapeError, when the loss reads targets, for those of another shape.
 */
export function bindLoss(given: Loss, units: number, activation: string, weight = 1): BoundLoss {
  if (isCustom(given)) return bindCustom(given as CustomLoss, units, weight);
  const { spec, definition } = resolve<LossSpec, LossDefinition>(given, lossNames, 'loss', 'huber', {
    own: 'customLoss',
  });
  if (isCustom(spec)) return bindCustom(spec as BuildsLoss, units, weight);
  const { name } = spec;
  const { fuses, targets: kind, advice } = definition;
  if (fuses !== undefined && fuses !== activation) {
    throw new ValueError({
      argument: 'loss',
      given: `'${name}' on a model that ends in ${activation}`,
      expected: `a last layer with activation: '${fuses}'`,
      hint: advice,
    });
  }
  if (fuses === 'softmax' && units < 2) {
    throw new ValueError({
      argument: 'loss',
      given: `'${name}' on a model with 1 output`,
      expected: 'at least 2 outputs, one per class',
      hint: "For two classes in one output use activation: 'sigmoid' and binaryCrossentropy.",
    });
  }
  const columns = kind === 'label' ? 1 : units;
  const args = definition.args(spec);
  const summed = spec.reduction === 'sum';
  const binary = kind === 'yesNo' || (kind === 'numbers' && units === 1);
  return {
    name,
    spec,
    definition,
    units,
    weight,
    summed,
    hitsPerRow: kind === 'yesNo' ? units : 1,
    fuses,
    targets: kind === 'label' ? 'labels' : units,
    emit(emit, y, targets, weights, report) {
      const dy = emit.matrix('dy', units);
      const scale = summed ? 1 : 1 / y.rows;
      const { loss } = report;
      const slope = scale * weight;
      emit.call(k.loss, { y, targets, weights, dy, loss, scale, slope, numbers: args }, name as KernelName);
      return dy;
    },
    emitHits(emit, y, targets, hits, fused) {
      if (kind === 'label') emit.call(k.sparseCategoricalAccuracy, { z: y, labels: targets, out: hits });
      else if (binary) {
        const threshold = fused ? 0 : (definition.threshold ?? 0.5);
        emit.call(k.binaryAccuracy, { z: y, targets, out: hits, threshold });
      } else emit.call(k.categoricalAccuracy, { z: y, targets, out: hits });
    },
    check(targets, rows, argument) {
      if (targets.rows !== rows) {
        throw new ShapeError({
          argument,
          given: `${targets.rows} rows`,
          expected: `${rows}, as many as there are input rows`,
        });
      }
      if (targets.columns !== columns) {
        throw new ShapeError({
          argument,
          given: `${targets.columns} columns`,
          expected: columns === 1 ? '1 column' : `${columns} columns, one per output`,
          hint: FORMS[kind],
        });
      }
      checkValues(targets, units, argument, definition);
    },
  };
}

/** One loss for all outputs, one for each in order, or one for each by name. */
export type LossOption = Loss | readonly Loss[] | Readonly<Record<string, Loss>>;

/** The weights of losses in their sum, in the order of the outputs or by name; default 1. */
export type LossWeights = readonly number[] | Readonly<Record<string, number>>;

/** Returns one loss for each output. @throws ValueError for anything but one loss for each output. */
export function lossPerOutput(given: LossOption, names: readonly string[]): readonly Loss[] {
  const one = typeof given !== 'object' || given === null || (isSpec(given) && !names.includes('name'));
  if (one) return names.map(() => given as Loss);
  return perOutput<Loss>(given as readonly Loss[], names, 'loss', 'losses');
}

function isSpec(given: object): boolean {
  return 'name' in given && typeof given.name === 'string';
}

/** Returns one weight for each output. @throws ValueError for anything but one number for each output. */
export function weightPerOutput(given: LossWeights | undefined, names: readonly string[]): readonly number[] {
  if (given === undefined) return names.map(() => 1);
  if (typeof given !== 'object' || given === null) {
    const expected = 'an array of numbers, or an object with a number for each output';
    throw new ValueError({ argument: 'lossWeights', given: show(given), expected });
  }
  return perOutput<number>(given, names, 'lossWeights', 'weights').map((weight = 1, i) =>
    checkNumber(weight, `lossWeights.${names[i]}`, { min: 0 }),
  );
}

function perOutput<T>(
  given: readonly T[] | Readonly<Record<string, T>>,
  names: readonly string[],
  argument: string,
  plural: string,
): readonly T[] {
  if (Array.isArray(given)) {
    if (given.length === names.length) return given as readonly T[];
    throw new ValueError({
      argument,
      given: show(given),
      expected: `${names.length} ${names.length === 1 ? plural.replace(/e?s$/, '') : plural}, one for each of ${names.join(', ')}`,
    });
  }
  checkOptions(given, names, argument);
  return names.map((name) => (given as Readonly<Record<string, T>>)[name] as T);
}
