import type { Model } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import type { BoundTarget } from '../engine/training-plan.js';
import type { ClassName, ClassNames, Labels } from '../nn/class-names.js';
import { rare } from '../rare.js';
import { isByName, type Targets } from '../rows/arrays.js';

/** Returns the targets of each output, where they are labels of classes that the model does not know yet. */
function unknownLabels(engine: Engine, y: Targets): readonly (readonly [BoundTarget, Labels, string])[] {
  const { targets } = engine.training;
  const byName = isByName(y);
  return targets.flatMap((target, i) => {
    const { name } = target;
    const one = targets.length === 1 && !byName;
    const data: unknown = one ? y : byName ? y[name] : Array.isArray(y) ? y[i] : undefined;
    if (!rare().areLabels(data) || rare().namesOf(engine.named.classNames, name)) return [];
    return [[target, data, one ? 'y' : byName ? `y.${name}` : `y[${i}]`] as const];
  });
}

/** Adds the names of an output's classes to those that the model knows. */
function name({ training }: Engine, model: Model, { name }: BoundTarget, names: readonly ClassName[]): void {
  model.classNames = training.targets.length === 1 ? names : { ...(model.classNames as object), [name]: names };
}

/** Tells a model the names that `fit` was given. @throws ValueError for names that do not fit the outputs. */
export function takeNames(engine: Engine, model: Model, given: ClassNames | undefined): void {
  if (given === undefined) return;
  model.classNames = rare().readNames(engine, given);
}

/** Tells a model the classes that labels name, where it does not know them yet. @throws ValueError as `findNames`. */
export function learnNames(engine: Engine, model: Model, y: Targets): void {
  for (const [target, labels, argument] of unknownLabels(engine, y)) {
    const names = rare().findNames(target, labels, argument);
    if (names) name(engine, model, target, names);
  }
}

/**
 * Does the same with the first batch of a stream; where it has not all classes, a stream of tables knows them.
 * @throws ValueError as `findNames`.
 */
export async function learnNamesOf(engine: Engine, model: Model, y: Targets, source: unknown): Promise<void> {
  const { prepare } = source as { prepare?(): Promise<{ readonly classNames?: readonly string[] | undefined }> };
  try {
    learnNames(engine, model, y);
  } catch (error) {
    const [[target, labels, argument] = [], ...others] = unknownLabels(engine, y);
    if (typeof prepare !== 'function' || !target || !labels || others.length > 0) throw error;
    // An error of that pass says less than that a batch lacks classes.
    const all = await prepare().then(
      ({ classNames }) => classNames,
      () => undefined,
    );
    if (!all) throw error;
    const names = rare().findNames(target, all, argument as string);
    if (names) name(engine, model, target, names);
  }
}
