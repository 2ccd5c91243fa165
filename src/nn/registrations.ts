import { nearest, StateError, show, UnknownNameError, ValueError } from '../errors.js';
import { makerOf } from '../kernels/definition.js';

/** Under this symbol, which JSON and structuredClone do not see, an item of the user's own carries its family. */
export const FAMILY = Symbol('family');

/** The kinds of things that users write themselves; each has names of its own. */
export type FamilyName =
  | 'activation'
  | 'loss'
  | 'layer'
  | 'optimizer'
  | 'metric'
  | 'initializer'
  | 'schedule'
  | 'regularizer';

/** Says how names of a family are found. */
export interface Family {
  readonly family: FamilyName;
  /** The table that says what a text means; a registered item joins it as a function that returns the item. */
  readonly names: object;
  /** Names of the library's own that the table does not have. */
  readonly functions?: readonly string[];
  /** Its items are functions of options, which join the table themselves. */
  readonly joins?: true;
  /** Its items hold JavaScript functions, which neither a file nor a worker can take. */
  readonly functional?: true;
}

/** An item that `register` gives a name to: what `customActivation`, `customLoss` and their like return. */
export interface Registrable {
  /** Tells it from what the library has. */
  readonly name: 'custom';
  /** The name that `register` gave it. */
  readonly registered?: string;
  readonly [FAMILY]?: Family;
}

const registered = /* @__PURE__ */ new Map<string, Registrable>();
const keyOf = (family: FamilyName, name: string) => `${family} ${name}`;

/** Returns what tells an item from another of the same data. */
const dataOf = (item: Registrable) => JSON.stringify({ ...item, registered: undefined });

/**
 * Gives an item of your own a name, and returns it. From then on the name does wherever names of its family do, such as
 * `activation: 'mySwish'`, and `load` finds by it what a file has by name only. Data of expressions are saved whole as well,
 * and need no registration to be loaded; JavaScript functions are saved by name.
 * @throws ValueError for a name of the library's own or of another item of the family, and for what no custom function
 * returned.
 */
export function register<T extends Registrable>(name: string, item: T): T {
  const known = (item as Partial<Registrable> | null | undefined)?.[FAMILY];
  if (!known) {
    throw new ValueError({
      argument: 'register, item',
      given: typeof item === 'function' ? 'a function' : show(item),
      expected: 'what customActivation, customLoss or another custom function returned',
    });
  }
  const { family, names, functions = [], functional, joins } = known;
  const refuse = (expected: string, hint?: string) => {
    throw new ValueError({ argument: 'register, name', given: show(name), expected, hint });
  };
  if (typeof name !== 'string' || name.trim() === '') refuse('a text that is not empty');
  const other = registered.get(keyOf(family, name));
  if (other === item || (other && !functional && dataOf(other) === dataOf(item)))
    return Object.assign(item, { registered: name });
  if (other) refuse(`a name that no other ${family} has`, 'Each item is registered once, where the program begins.');
  if (name === 'custom' || Object.hasOwn(names, name) || functions.includes(name)) {
    refuse(`a name that the library has no ${family} of`);
  }
  if (item.registered !== undefined) refuse(`'${item.registered}', the name that the item has`);
  const { label } = item as { readonly label?: string };
  if (label !== undefined && label !== name) refuse(`'${label}', the name that the metric has in logs`);
  const named = Object.assign(item, { registered: name });
  registered.set(keyOf(family, name), named);
  const make = makerOf(item) ?? ((options: object) => ({ ...named, ...options }));
  Object.defineProperty(names, name, { value: joins ? item : make, enumerable: true });
  return named;
}

/** Returns the name of the function that makes items of a family. */
const makerName = (family: FamilyName) => `custom${family[0]?.toUpperCase()}${family.slice(1)}`;

/** Names the call that mends what it says. */
const CALL = 'register(';

/** Returns whether an error is that of a name that this program has not registered. */
export function isUnregistered(error: unknown): boolean {
  return error instanceof UnknownNameError && error.hint?.includes(CALL) === true;
}

/**
 * Returns the item whose name plain data have in place of a function.
 * @throws UnknownNameError for a name that is not registered.
 */
export function findRegistered(
  family: FamilyName,
  { registered: name }: { readonly registered?: unknown },
): Registrable {
  const item = typeof name === 'string' ? registered.get(keyOf(family, name)) : undefined;
  if (item) return item;
  const names = [...registered.values()].flatMap((other) =>
    other[FAMILY]?.family === family ? [other.registered as string] : [],
  );
  const guess = typeof name === 'string' ? nearest(name, names) : undefined;
  throw new UnknownNameError({
    argument: family,
    given: show(name),
    expected: names.length > 0 ? `a name that is registered: ${names.join(', ')}` : 'a name that is registered',
    hint: `Call ${CALL}${show(name ?? 'name')}, ${makerName(family)}(...)) first.${guess ? ` Did you mean '${guess}'?` : ''}`,
  });
}

const PLACES: Readonly<Record<string, FamilyName>> = {
  activation: 'activation',
  loss: 'loss',
  metrics: 'metric',
  optimizer: 'optimizer',
  learningRate: 'schedule',
  schedule: 'schedule',
};

function familyAt(key: string, outer: FamilyName | undefined): FamilyName | undefined {
  const [, kind] = /(initializer|regularizer)$/i.exec(key) ?? [];
  return kind ? (kind.toLowerCase() as FamilyName) : (PLACES[key] ?? outer);
}

/** The place that data go to, and what cannot go there. */
export type Destination = 'file' | 'worker';

function refuseFunction(argument: string, family: FamilyName, destination: Destination): never {
  if (destination === 'worker') {
    throw new ValueError({
      argument,
      given: 'a JavaScript function',
      expected: 'plain data',
      hint:
        family === 'schedule'
          ? 'Functions cannot go to a worker: take a schedule such as cosine, or in fit the callback learningRateScheduler.'
          : 'Functions cannot go to a worker: expressions can, and so can what the functions of myelin return.',
    });
  }
  throw new StateError(
    `${argument} is a JavaScript function, of which a file can hold only a name. Call ${CALL}'name', ${makerName(family)}(...)) before the model is made and compiled.`,
  );
}

/**
 * Returns specs or options of `compile` without names that only this program knows: in their place stand the data that they
 * mean. `family` is that of `value` itself.
 * @throws StateError for functions without a name that are to be saved; ValueError for functions that are to go to a worker.
 */
export function portable<T>(value: T, argument: string, destination: Destination, family?: FamilyName): T;
export function portable(value: unknown, argument: string, destination: Destination, family?: FamilyName): unknown {
  if (typeof value === 'function' && family) return refuseFunction(argument, family, destination);
  if (typeof value === 'string' && family) {
    const item = registered.get(keyOf(family, value));
    return item ? portable(item, argument, destination, family) : value;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item, i) => portable(item, `${argument}[${i}]`, destination, family));
  const { name, registered: known, [FAMILY]: own } = value as Partial<Registrable>;
  if (own?.functional && (known === undefined || destination === 'worker')) {
    return refuseFunction(argument, own.family, destination);
  }
  const item = family && typeof name === 'string' ? registered.get(keyOf(family, name)) : undefined;
  const whole = item ? { ...item, ...value, name: 'custom' } : value;
  const inner = name === undefined ? family : undefined;
  const entries = Object.entries(whole).map(([key, part]) => {
    return [key, key === 'steps' ? part : portable(part, `${argument}.${key}`, destination, familyAt(key, inner))];
  });
  return Object.fromEntries(entries);
}
