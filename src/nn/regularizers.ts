import { fillOptions, maker, type OptionRange, type OptionRanges } from '../kernels/definition.js';
import type { Penalty } from '../program/parameter.js';
import type { Step } from './expressions/expression.js';
import type { Registrable } from './registrations.js';

/** Defines a penalty. */
export interface RegularizerDefinition<O extends object = object> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Returns how much the absolute values (l1) and the squares (l2) of the weights count. */
  penalty(options: O): Penalty;
}

function regularizer<N extends string, O extends object, A>(
  name: N,
  definition: () => RegularizerDefinition<O>,
  read: (argument: A | undefined) => Partial<O>,
) {
  return maker(definition, ({ options }, argument?: A): { readonly name: N } & Readonly<O> => {
    return { name, ...fillOptions(options, read(argument), name) };
  });
}

const strength: OptionRange = { default: 0.01, min: 0 };

/** Options of `l1` and `l2`. */
export interface StrengthOptions {
  /** The strength of the penalty, at least 0; default 0.01. */
  readonly lambda: number;
}

// A spec may be passed as options, too.
const readLambda = (given: number | Partial<StrengthOptions> | undefined): Partial<StrengthOptions> =>
  typeof given === 'object' ? given : given === undefined ? {} : { lambda: given };

/** Adds lambda sum |w| to the loss, and so lambda sign(w) to the gradient, nothing where w is 0. */
export const l1 = /* @__PURE__ */ regularizer<'l1', StrengthOptions, number>(
  'l1',
  () => ({ options: { lambda: strength }, penalty: ({ lambda }) => ({ l1: lambda, l2: 0 }) }),
  readLambda,
);

/** Adds lambda sum w^2 to the loss, and so 2 lambda w to the gradient, as in Keras. (PyTorch's weight_decay is lambda w.) */
export const l2 = /* @__PURE__ */ regularizer<'l2', StrengthOptions, number>(
  'l2',
  () => ({ options: { lambda: strength }, penalty: ({ lambda }) => ({ l1: 0, l2: lambda }) }),
  readLambda,
);

/** Options of `l1l2`. */
export interface L1L2Options {
  /** The strength of the absolute values, at least 0; default 0.01. */
  readonly l1: number;
  /** The strength of the squares, at least 0; default 0.01. */
  readonly l2: number;
}

/** Adds l1 sum |w| + l2 sum w^2 to the loss. */
export const l1l2 = /* @__PURE__ */ regularizer<'l1l2', L1L2Options, Partial<L1L2Options>>(
  'l1l2',
  () => ({ options: { l1: strength, l2: strength }, penalty: ({ l1, l2 }) => ({ l1, l2 }) }),
  (options = {}) => options,
);

/** A penalty of your own as plain data; each step computes one operation, and the elements of the last one are added up. */
export interface CustomRegularizer extends Registrable {
  /** The operations in order; the elements of the last one are added up. */
  readonly steps: readonly Step[];
}

/** A penalty as plain data: its name and strengths, which may be left out. */
export type Regularizer =
  | CustomRegularizer
  | ({
      /** The name of the penalty. */
      readonly name: 'l1' | 'l2';
    } & Partial<StrengthOptions>)
  | ({
      /** The name of the penalty. */
      readonly name: 'l1l2';
    } & Partial<L1L2Options>);
