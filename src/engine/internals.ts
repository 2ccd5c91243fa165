import { show, ValueError } from '../errors.js';
import type { CompileOptions } from './compile-plan.js';
import type { Engine } from './engine.js';

/** Holds what goes into a file in addition to what a model shows. @internal */
export interface Internals {
  readonly engine: Engine;
  /** The options that `compile` was given. */
  readonly compiled: CompileOptions | undefined;
  /** `fit` is training, so that no other run can be put in its place. */
  readonly running: boolean;
}

/** Under this symbol, so that saving can live apart from the model. @internal */
export const INTERNALS = Symbol('internals');

/** @throws ValueError for what is no model of this thread. @internal */
export function internalsOf(model: { readonly [INTERNALS]: Internals }): Internals {
  const internals = (model as Partial<typeof model> | null | undefined)?.[INTERNALS];
  if (internals) return internals;
  throw new ValueError({
    argument: 'model',
    given: show(model),
    expected: 'a model',
    hint: "What 'myelin/worker' returns goes with the functions of 'myelin/worker'.",
  });
}
