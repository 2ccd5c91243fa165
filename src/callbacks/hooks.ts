import { nearest, show, UnknownNameError, ValueError } from '../errors.js';
import type { Callback } from './interfaces.js';

/** The name of a hook of a callback. */
export type HookName = Extract<keyof Callback, `on${string}`>;

const NAMES = 'Train Epoch Batch TrainBatch Test TestBatch Predict PredictBatch';

/** Names of the functions of an object and of its class. */
function methodsOf(given: object): readonly string[] {
  const names: string[] = [];
  let holder: object | null = given;
  do {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && name !== 'constructor') names.push(name);
    }
    holder = Object.getPrototypeOf(holder) as object | null;
  } while (holder !== null && Object.getPrototypeOf(holder) !== null);
  return names;
}

/** Refuses an object none of whose functions is called, such as one with hooks as Keras writes them. */
function checkHooks(callback: object, known: readonly string[], argument: string): void {
  const called = [...known, 'setParams', 'getState', 'setState'];
  if (called.some((name) => typeof (callback as Record<string, unknown>)[name] === 'function')) return;
  const methods = methodsOf(callback);
  if (methods.length === 0) return;
  const [guess] = methods.flatMap((name) => nearest(name, known) ?? []);
  throw new ValueError({
    argument,
    given: `an object with ${methods.join(', ')} and no hook`,
    expected: `at least one of ${known.join(', ')}`,
    ...(guess === undefined ? {} : { hint: `Did you mean '${guess}'?` }),
  });
}

/**
 * Refuses what is no list of callbacks, and hooks that nothing calls. Callbacks may keep other fields for themselves.
 * @throws ValueError for anything but an array of objects with hooks; UnknownNameError for a hook that does not exist.
 */
export function checkCallbacks(callbacks: unknown): asserts callbacks is readonly Callback[] {
  if (!Array.isArray(callbacks)) {
    throw new ValueError({ argument: 'callbacks', given: show(callbacks), expected: 'an array of callbacks' });
  }
  const known = [
    ...NAMES.split(' ').flatMap((name) => [`on${name}Begin`, `on${name}End`]),
    ...['onRestore', 'onAbort', 'onCheckpoint', 'onNonFinite'],
  ];
  callbacks.forEach((callback: unknown, i) => {
    if (typeof callback !== 'object' || callback === null) {
      const hint = typeof callback === 'function' ? { hint: 'Call it: earlyStopping(), not earlyStopping.' } : {};
      const expected = 'an object with hooks';
      throw new ValueError({ argument: `callbacks[${i}]`, given: show(callback), expected, ...hint });
    }
    for (const key of Object.keys(callback)) {
      if (!/^on[A-Z]/.test(key) || known.includes(key)) continue;
      throw new UnknownNameError({
        argument: `callbacks[${i}].${key}`,
        given: `the hook '${key}'`,
        expected: `one of ${known.join(', ')}`,
        hint: `Did you mean '${nearest(key, known) ?? 'onEpochEnd'}'?`,
      });
    }
    checkHooks(callback, known, `callbacks[${i}]`);
  });
}

type Hook = (...args: never[]) => unknown;

/** Returns a hook of every callback that has it, under the first of its names that is there. */
export function hooksOf<N extends HookName>(callbacks: readonly Callback[], ...names: N[]): HooksOf<N> {
  const hooks = callbacks.flatMap((callback) => {
    const name = names.find((candidate) => typeof callback[candidate] === 'function');
    return name ? [(callback[name] as Hook).bind(callback)] : [];
  });
  return hooks as unknown as HooksOf<N>;
}

export type HooksOf<N extends HookName> = readonly NonNullable<Callback[N]>[];

/** Calls hooks one after the other; returns a promise only where one of them does. */
export function call<A extends readonly unknown[]>(
  hooks: readonly ((...args: A) => unknown)[],
  ...args: A
): Promise<void> | undefined {
  for (let i = 0; i < hooks.length; i++) {
    const waiting = (hooks[i] as (...args: A) => unknown)(...args);
    if (typeof (waiting as PromiseLike<unknown> | undefined)?.then !== 'function') continue;
    return (waiting as Promise<unknown>).then(() => call(hooks.slice(i + 1), ...args));
  }
  return undefined;
}
