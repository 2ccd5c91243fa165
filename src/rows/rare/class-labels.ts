import type { Engine } from '../../engine/engine.js';
import type { BoundTarget } from '../../engine/training-plan.js';
import { checkOptions, ShapeError, StateError, show, suggest, UnknownNameError, ValueError } from '../../errors.js';
import { type Matrix, makeMatrix, toMatrix } from '../../matrix.js';
import type { ClassName, ClassNames, Labels } from '../../nn/class-names.js';
import { outputLayer } from '../../program/network.js';

// Labels become the numbers that a loss takes: class indices, rows of 0 and 1 for a class, or 0 and 1 by themselves.

const isName = (name: unknown): name is ClassName => typeof name === 'string' || typeof name === 'boolean';

/** Says what is wrong with names of classes; undefined for texts, or true and false, that differ from each other. */
function faultOfNames(names: unknown): string | undefined {
  if (!Array.isArray(names)) return show(names);
  const at = names.findIndex((name) => !isName(name));
  if (at >= 0) return `${show(names[at])} at ${at}`;
  const mixed = names.findIndex((name) => typeof name !== typeof names[0]);
  if (mixed >= 0) return `${show(names[0])} and ${show(names[mixed])}`;
  const seen = new Set<unknown>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  return twice === undefined ? undefined : `${show(twice)} twice`;
}

/** Lists names for a message, the first of many. */
export function listNames(names: readonly ClassName[]): string {
  const most = 12;
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).map(show).join(', ') + more;
}

/** Returns whether targets are labels of classes, by the first row that says so. */
export function areLabels(y: unknown): y is Labels {
  if (!Array.isArray(y)) return false;
  const first: unknown = y.find((row) => !Array.isArray(row) || row.length > 0);
  return isName(Array.isArray(first) ? first[0] : first);
}

/** The numbers that stand for a label: its index, a row with a 1 in its column, 0 or 1; or a row with a 1 for each of several. */
type Form = 'index' | 'oneHot' | 'binary' | 'several';

/** Returns what labels become for an output; undefined where its loss compares numbers. */
function formOf({ objective, kind }: BoundTarget): Form | undefined {
  const { definition, units, name, targets } = objective;
  if (definition.targets === 'label') return 'index';
  if (definition.targets === 'class') return units > 1 ? 'oneHot' : undefined;
  if (definition.targets === 'yesNo') return units === 1 ? 'binary' : 'several';
  if (name !== 'custom' || targets !== units) return undefined;
  return ({ classes: 'oneHot', binary: 'binary', multiLabel: 'several' } as const)[kind as 'classes'];
}

/** The classes of false and true, whether both occur or not. */
const YES_NO: readonly ClassName[] = [false, true];

/** Returns the names of an output's classes, if they are known. */
export function namesOf(names: ClassNames | undefined, output: string): readonly ClassName[] | undefined {
  return Array.isArray(names) ? names : (names as Readonly<Record<string, readonly ClassName[]>> | undefined)?.[output];
}

function formFor(target: BoundTarget, argument: string): Form {
  const form = formOf(target);
  if (form) return form;
  const { name } = target.objective;
  throw new ValueError({
    argument,
    given: 'labels',
    expected: `numbers, since the loss '${name}' measures how far numbers are apart, which labels are not`,
    hint:
      'To tell classes apart end the model in softmax and take sparseCategoricalCrossentropy, or for two classes in one ' +
      'sigmoid and take binaryCrossentropy.',
  });
}

/** Returns the names in a row: one label, or of an output of several yes or no those that the row has. */
function labelsIn(row: unknown, form: Form, argument: string): readonly unknown[] {
  const list = Array.isArray(row);
  if (form === 'several' ? list : !list || row.length === 1) return list ? row : [row];
  throw new ShapeError({
    argument,
    given: list ? show(row) : `the label ${show(row)}`,
    expected:
      form === 'several' ? 'an array of the labels that the row has, or of true and false' : 'one label for each row',
    hint:
      form === 'several'
        ? 'Each output is a yes or no of its own. For one class a row end the model in softmax.'
        : 'For several labels a row end the model in sigmoid and take binaryCrossentropy.',
  });
}

/** Returns whether rows say yes or no of each column, as `[true, false, true]`. */
const isYesNo = (y: Labels, form: Form) => {
  const rows = (form === 'several' || form === 'oneHot') && Array.isArray(y[0]);
  return rows && y.every((row) => (row as readonly unknown[]).every((label) => typeof label === 'boolean'));
};

/** Returns the number of each name. Batches of a stream have the same names. */
const places = /* @__PURE__ */ new WeakMap<readonly ClassName[], ReadonlyMap<unknown, number>>();
function placesOf(names: readonly ClassName[]): ReadonlyMap<unknown, number> {
  const known = places.get(names);
  // Names may have been changed in place.
  if (known?.size === names.length && names.every((name, i) => known.get(name) === i)) return known;
  const made = new Map(names.map((name, i) => [name, i]));
  places.set(names, made);
  return made;
}

function refuseLabel(label: unknown, names: readonly ClassName[], argument: string): Error {
  const texts = names.filter((name) => typeof name === 'string');
  const other = typeof label !== 'string' && typeof label !== 'boolean';
  const complaint = { argument, given: show(label), expected: `one of ${listNames(names)}` };
  const alike = names.find((name) => String(name) === String(label));
  if (other) return new ValueError({ ...complaint, hint: 'Leave out rows without a label.' });
  const hint = alike === undefined ? suggest(label, texts) : `Did you mean ${show(alike)}, a ${typeof alike}?`;
  return new UnknownNameError({ ...complaint, hint });
}

/**
 * Returns the numbers of labels, as the output's loss takes them; throws `error`, why targets are no numbers, where they are no
 * labels either.
 * @throws ValueError where the loss takes numbers, UnknownNameError for a label that is no class, StateError where the names of
 * classes are not known yet.
 */
export function readLabels(
  { named }: Engine,
  target: BoundTarget,
  y: unknown,
  argument: string,
  error: unknown,
): Matrix {
  if (!areLabels(y)) throw error;
  const form = formFor(target, argument);
  const columns = form === 'several' || form === 'oneHot' ? target.objective.units : 1;
  if (isYesNo(y, form))
    return toMatrix(
      (y as readonly (readonly boolean[])[]).map((row) => row.map(Number)),
      argument,
    );
  const names = namesOf(named.classNames, target.name) ?? (typeof y[0] === 'boolean' ? YES_NO : undefined);
  if (names === undefined) {
    throw new StateError(
      `${argument}: labels, where the model does not know its classes yet: compile({ ..., classNames: ['cat', 'dog'] }) tells ` +
        'them in the order of the outputs, and fit finds them in its labels.',
    );
  }
  checkNames(names, outputOf(target));
  const placeOf = placesOf(names);
  const data = new Float32Array(y.length * columns);
  for (let r = 0; r < y.length; r++) {
    for (const label of labelsIn(y[r], form, `${argument}[${r}]`)) {
      const place = placeOf.get(label);
      if (place === undefined) throw refuseLabel(label, names, `${argument}[${r}]`);
      if (columns === 1) data[r] = place;
      else data[r * columns + place] = 1;
    }
  }
  return makeMatrix(data, y.length, columns);
}

const outputOf = ({ name, objective: { units } }: BoundTarget): Output => ({ name, units });

/** An output, as names of classes know it. */
interface Output {
  readonly name: string;
  readonly units: number;
}

/** Returns the number of classes of an output. */
const countOf = ({ units }: Output) => (units === 1 ? 2 : units);

/** Refuses names that an output cannot have. @throws ValueError */
function checkNames(names: unknown, output: Output, argument = 'classNames'): void {
  const count = countOf(output);
  const { length } = Object(names) as readonly unknown[];
  const given = faultOfNames(names) ?? (length === count ? undefined : `${length} names`);
  if (given === undefined) return;
  const expected = `${count} different texts, or false and true, for the classes of the output '${output.name}'`;
  throw new ValueError({ argument, given, expected });
}

/**
 * Returns a copy of the names of all outputs' classes.
 * @throws ValueError, UnknownNameError for an output that does not exist.
 */
export function readNames({ network }: Engine, given: ClassNames): ClassNames {
  const outputs = network.outputs.map(({ name }, i) => ({ name, units: outputLayer(network, i).units }));
  const [only, ...others] = outputs as [Output, ...Output[]];
  if (others.length === 0 && Array.isArray(given)) {
    checkNames(given, only);
    return [...given];
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const expected = others.length > 0 ? 'an object with an array of names by output' : 'an array of names';
    throw new ValueError({ argument: 'classNames', given: show(given), expected });
  }
  const byName = given as Readonly<Record<string, readonly ClassName[]>>;
  checkOptions(
    byName,
    outputs.map(({ name }) => name),
    'classNames',
  );
  for (const output of outputs) {
    if (byName[output.name] !== undefined) checkNames(byName[output.name], output, `classNames.${output.name}`);
  }
  return { ...byName };
}

/**
 * Returns the classes that labels name, sorted: texts by their code units, false before true.
 * @throws ValueError for labels of two types, and where they are not as many as the output has classes.
 */
export function findNames(target: BoundTarget, y: Labels, argument: string): readonly ClassName[] | undefined {
  const form = formFor(target, argument);
  if (isYesNo(y, form)) return undefined;
  const seen = new Set<unknown>();
  let type: string | undefined;
  y.forEach((row, r) => {
    for (const label of labelsIn(row, form, `${argument}[${r}]`)) {
      type ??= typeof label;
      if ((type === 'string' || type === 'boolean') && typeof label === type) seen.add(label);
      else {
        const expected = r > 0 ? `a label, as ${show(y[0])} in row 0` : 'a label, a text or true or false';
        throw new ValueError({
          argument: `${argument}[${r}]`,
          given: show(label),
          expected,
          hint: 'Leave out rows without a label.',
        });
      }
    }
  });
  if (type === 'boolean' && countOf(outputOf(target)) === 2) return YES_NO;
  const names = ([...seen] as ClassName[]).sort();
  const count = countOf(outputOf(target));
  if (names.length === count) return names;
  throw new ValueError({
    argument,
    given: `${names.length} different labels: ${listNames(names)}`,
    expected: `${count}, as the output '${target.name}' has classes`,
    hint:
      names.length < count
        ? "Where some classes have no row here, name all: classNames: ['...', ...] in the options of fit or compile."
        : `Look for labels that are misspelt, or end the model in ${names.length} units with softmax.`,
  });
}

declare module '../../rare.js' {
  interface RareParts {
    readonly areLabels: typeof areLabels;
    readonly findNames: typeof findNames;
    readonly listNames: typeof listNames;
    readonly namesOf: typeof namesOf;
    readonly readLabels: typeof readLabels;
    readonly readNames: typeof readNames;
  }
}
