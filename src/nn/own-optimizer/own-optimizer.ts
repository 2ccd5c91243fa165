import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import type { Heap, KernelName } from '../../kernels/contract.js';
import { carry } from '../../kernels/definition.js';
import { type CommonOptions, common, fillUpdateOptions, type LearningRate } from '../../kernels/lib/update.js';
import { CUSTOM_CHECK, CUSTOM_UPDATE, composedKernels, customSignature, roomFor } from '../../kernels/own/composed.js';
import { MOST_STATES } from '../../kernels/own/instruction.js';
import * as k from '../../kernels/signatures/index.js';
import type { Emitter } from '../../program/emitter.js';
import type { Pace, UpdateGroup } from '../../program/parameter.js';
import { isCustom } from '../expressions/builds.js';
import { type Expression, type Operations, type Term, traceAll } from '../expressions/expression.js';
import { optimizerNames } from '../names.js';
import type { CustomOptimizer, Updating } from '../optimizers/updating.js';
import { optimizerFunctions } from '../rare/function-names.js';
import { FAMILY, type Family } from '../registrations.js';
import { compileUpdate, SCALARS, VECTORS } from './compile-update.js';

/** The values that every update starts from: the weight, its gradient, the learning rate, and the step, from 1 on. */
type Given = 'weight' | 'gradient' | 'rate' | 'step';

/**
 * Describes an update: gets symbols for `weight`, `gradient`, `rate`, `step`, each state and each number; returns what becomes
 * of the weight and of each state.
 */
export type UpdateFunction<State extends string, Name extends string> = (
  values: Readonly<Record<Given | State | Name, Expression>>,
  operations: Operations,
) => Readonly<Record<'weight' | State, Term>>;

/** Options of `customOptimizer`. */
export interface CustomOptimizerOptions<State extends string = string, Name extends string = string> {
  /** Describes the update of one weight. */
  readonly update: UpdateFunction<State, Name>;
  /** Names of at most four states, one number each for every weight; as an object with what they begin with, default 0. */
  readonly states?: readonly State[] | Readonly<Record<State, number>>;
  /** Numbers that the update names, such as `{ beta: 0.9 }`, so that specs by name can set them. Default: none. */
  readonly numbers?: Readonly<Record<Name, number>>;
  /** A number >= 0, a schedule such as `cosine({ ... })`, or a function of the step from 0 on; default 0.001. */
  readonly learningRate?: LearningRate;
  /**
   * Strength of the decoupled decay w -= learningRate weightDecay w before each update, of kernels only; default 0.
   */
  readonly weightDecay?: number;
}

const OPTIMIZERS: Family = { family: 'optimizer', names: optimizerNames, functions: optimizerFunctions };
const ranges = /* @__PURE__ */ common(0.001);

/** Checks a table of numbers by name. */
function readNumbers(given: unknown, argument: string, taken: readonly string[]): Readonly<Record<string, number>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ValueError({ argument, given: show(given), expected: 'an object of numbers' });
  }
  for (const [name, value] of Object.entries(given)) {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new ValueError({ argument, given: show(name), expected: 'names of letters, digits and _' });
    }
    if (taken.includes(name)) {
      throw new ValueError({ argument, given: show(name), expected: `a name other than ${taken.join(', ')}` });
    }
    checkNumber(value, `${argument}.${name}`);
  }
  return { ...given };
}

function readStates(given: unknown): Readonly<Record<string, number>> {
  const states = readNumbers(given, 'customOptimizer.states', [...VECTORS, ...SCALARS]);
  const { length } = Object.keys(states);
  if (length <= MOST_STATES) return states;
  const expected = `at most ${MOST_STATES}`;
  throw new ValueError({ argument: 'customOptimizer.states', given: `${length} states`, expected });
}

/** Reads an optimizer, which may come from JSON. @throws ValueError, UnknownNameError that name the part */
function read(given: Omit<CustomOptimizer, 'name'>): CustomOptimizer {
  const argument = 'customOptimizer';
  checkOptions(given, [...Object.keys(ranges), 'registered', 'states', 'numbers', 'steps', 'results'], argument);
  const { registered, states: givenStates, numbers: givenNumbers = {}, steps, results, ...common } = given;
  const states = readStates(givenStates);
  const names = Object.keys(states);
  const numbers = readNumbers(givenNumbers, `${argument}.numbers`, [...VECTORS, ...SCALARS, ...names]);
  if (!Array.isArray(steps)) {
    throw new ValueError({ argument: `${argument}.steps`, given: show(steps), expected: 'an array of steps' });
  }
  checkOptions(results, ['weight', ...names], `${argument}.results`);
  const optimizer: CustomOptimizer = {
    name: 'custom',
    ...(registered === undefined ? {} : { registered }),
    ...fillUpdateOptions<CommonOptions>({ options: ranges }, common, argument),
    states,
    numbers,
    steps,
    results,
    [FAMILY]: OPTIMIZERS,
  };
  compileUpdate(optimizer);
  return optimizer;
}

/** Says how an optimizer of the user's own updates. */
function build(optimizer: CustomOptimizer): Updating {
  const { weightDecay, states } = optimizer;
  const { values, blockSize, write } = compileUpdate(optimizer);
  const call = (emit: Emitter, kernel: string, { parameters: w, gradients: g, states: own, block }: UpdateGroup) => {
    const others = Array<typeof w>(MOST_STATES - own.length).fill(w);
    const room = roomFor(values, w.size);
    const scratch = emit.scratch(`${w.name}.values`, room);
    const operands = { w, g, states: [...own, ...others], scratch, room, block, factor: emit.slots.factor };
    emit.updates.set(kernel, composedKernels[kernel]);
    emit.call(customSignature, operands, kernel as KernelName);
  };
  return {
    states: Object.entries(states).map(([name, initial]) => ({ name, initial })),
    blockSize,
    check: (emit: Emitter, group: UpdateGroup) => call(emit, CUSTOM_CHECK, group),
    emit(emit: Emitter, group: UpdateGroup) {
      const { kernels: w, decay: slot } = group;
      if (weightDecay > 0 && w.size > 0) emit.call(k.decayWeights, { w, slot, factor: emit.slots.factor });
      call(emit, CUSTOM_UPDATE, group);
    },
    fill(heap: Heap, { block, decay }: Pace, learningRate: number, t: number) {
      if (weightDecay > 0) heap[decay.offset] = -learningRate * weightDecay;
      write(heap, block.offset, learningRate, t);
    },
  };
}

/** Lets an optimizer know how it updates, and how it is made anew with other options. */
function carrying(data: Omit<CustomOptimizer, 'name'>): CustomOptimizer {
  const item = read(data);
  const remake = ({ numbers, ...options }: Partial<CustomOptimizer>): CustomOptimizer => {
    const { name: _, ...own } = item;
    return carry(read({ ...own, ...options, numbers: { ...own.numbers, ...numbers } }), made);
  };
  const made = Object.assign(remake, { definition: { build } });
  return carry(item, made);
}

/**
 * An optimizer from an expression of one weight, its gradient and its states:
 *
 *     customOptimizer({
 *       states: ['velocity'],
 *       update: ({ weight, gradient, velocity, rate }, { add, mul, sub }) => {
 *         const next = add(mul(0.9, velocity), gradient);
 *         return { velocity: next, weight: sub(weight, mul(rate, next)) };
 *       },
 *     })
 *
 * The function runs once, here, on symbols. `rate` is the layer's learning rate and `step` counts from 1; what depends on
 * these and on numbers alone is computed once a step, in float64. Operations work element by element. The optimizer is plain
 * data, and takes it from JSON in place of options.
 * @throws ValueError, UnknownNameError for options out of range, and for what is no update.
 */
export function customOptimizer<const State extends string = never, const Name extends string = never>(
  options: CustomOptimizerOptions<State, Name> | CustomOptimizer,
): CustomOptimizer {
  if (isCustom(options)) {
    const { name: _, ...data } = options as CustomOptimizer;
    return carrying(data);
  }
  const argument = 'customOptimizer';
  checkOptions(options, ['update', 'states', 'numbers', ...Object.keys(ranges)], argument);
  const { update, states = [], numbers = {}, ...common } = options as CustomOptimizerOptions;
  const initial = Array.isArray(states) ? Object.fromEntries(states.map((name) => [name, 0])) : states;
  const known = readStates(initial as Readonly<Record<string, number>>);
  const names = Object.keys(known);
  const given = readNumbers(numbers, `${argument}.numbers`, [...VECTORS, ...SCALARS, ...names]);
  const inputs = [...VECTORS, ...names, ...SCALARS, ...Object.keys(given)];
  const traced = traceAll(update, inputs, ['weight', ...names], `${argument}.update`);
  return carrying({ ...common, states: known, numbers: given, ...traced } as unknown as CustomOptimizer);
}
