import { show, ValueError } from '../../errors.js';
import type { Layer } from '../../program/layer.js';
import type { Constraint, Initializer, Parameter, Penalty } from '../../program/parameter.js';
import { panelColumns, vectorTensor } from '../../program/plan.js';
import { makePenalty } from '../penalties-and-constraints.js';

/** Columns of the input: the first layer of a `sequential` model must say. */
export type InputShape = number | readonly [number];

/** Options that every layer takes. */
export interface LayerOptions {
  /** Columns of the input; needed on the first layer of a `sequential` model, default those of the layer before. */
  readonly inputShape?: InputShape;
  /** Names an output of a `model`, and the layer in gradients and `setTrainable`; unlike all others, default `layers.N`. */
  readonly name?: string;
}

/** Options of every layer that learns. */
export interface TrainableLayerOptions extends LayerOptions {
  /**
   * `false` freezes the layer: training computes no gradient for its weights and keeps no optimizer state. Default true;
   * `model.setTrainable` changes it.
   */
  readonly trainable?: boolean;
  /** The layer learns at this multiple of the optimizer's learning rate; above 0, default 1. */
  readonly learningRateMultiplier?: number;
}

/** A layer as plain data, which its type knows how to build. */
export interface LayerSpec extends LayerOptions {
  /** The kind of layer, such as 'dense'. */
  readonly type: string;
  /**
   * Feeds the layer with one or more others, for `model({ inputs, outputs })`. A layer with weights has one place in a model:
   * layers do not share weights.
   */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor;
}

/** Defines a type of layer. */
export interface Kind<O extends object> {
  readonly options: readonly (keyof O & string)[];
  /** Takes two or more inputs; other kinds take one. */
  readonly merges?: boolean;
  /** Returns the spec that is built in place of the given one, where that holds functions of the inputs' widths. */
  trace?(spec: LayerSpec, name: string, widths: readonly number[]): LayerSpec;
  /** Returns one or more layers of the program, each fed by the one before; `widths` are those of the inputs. */
  build(spec: O, name: string, widths: readonly number[], index: number): readonly Layer[];
}

const KIND = Symbol('kind');

function apply(this: LayerSpec, inputs: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor {
  const given: readonly SymbolicTensor[] = Array.isArray(inputs) ? inputs : [inputs];
  // Only programs with an `input()` hold the rest.
  const [first] = given as readonly (Partial<SymbolicTensor> | null | undefined)[];
  const fed = typeof first?.feed === 'function' ? first.feed(this, given) : undefined;
  if (fed) return fed;
  throw new ValueError({
    argument: `${this.type}.apply(inputs)`,
    given: show(inputs),
    expected: 'what input() or another apply() returned, or an array of those',
  });
}

/** Makes specs of a kind: plain data as far as JSON and structuredClone can see. */
export type LayerFactory<T extends string, O extends object> = (
  ...options: object extends O ? [options?: O] : [options: O]
) => LayerSpec &
  O & {
    /** The kind of layer, such as 'dense'. */
    readonly type: T;
  };

/** Defines a type of layer. */
export function defineLayer<T extends string, O extends LayerOptions>(
  type: T,
  kind: Kind<Omit<O, keyof LayerOptions>>,
): LayerFactory<T, O> {
  const prototype = Object.create(Object.prototype, { apply: { value: apply } });
  // A symbol of its own is copied where a spec is spread into another, and JSON leaves it out.
  return (options?: O) => Object.assign(Object.create(prototype), { type, ...options, [KIND]: kind });
}

/** Returns the kind of a spec that one of the functions for layers made; undefined for plain data. */
export function kindOf(spec: object): Kind<object> | undefined {
  return (spec as { [KIND]?: Kind<object> })[KIND];
}

/** Returns a deep copy of plain data and of what it carries under symbols, which structuredClone would drop. */
export function copyData<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyData) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (typeof key === 'string') property.value = copyData(property.value);
    Object.defineProperty(copy, key, property);
  }
  return copy as T;
}

/** Copies a spec with its options. */
export function copySpec<S extends LayerSpec>(spec: S): S {
  return Object.assign(Object.create(Object.getPrototypeOf(spec)), copyData(spec));
}

export interface ParameterOptions {
  readonly trainable?: boolean;
  readonly penalty?: Penalty;
  readonly constraint?: Constraint | undefined;
}

/** Declares a learned or running array of a layer. */
export function parameter(
  name: string,
  layout: Parameter['layout'],
  rows: number,
  columns: number,
  initializer: Initializer,
  { trainable = true, penalty = { l1: 0, l2: 0 }, constraint }: ParameterOptions = {},
): Parameter {
  const elements = layout === 'panels' ? rows * panelColumns(columns) : panelColumns(rows * columns);
  return {
    name,
    rows,
    columns,
    layout,
    learnable: trainable,
    trainable,
    learningRateMultiplier: 1,
    initializer,
    penalty,
    constraint,
    value: vectorTensor(name, elements),
    gradient: vectorTensor(`${name}.gradient`, elements),
  };
}

/** Returns the last of the layers that a spec becomes, with a penalty on its output. */
export function penalized(layer: Layer, regularizer: unknown, name: string): Layer {
  const activityPenalty = makePenalty(regularizer, `${name}.activityRegularizer`);
  return activityPenalty.own || activityPenalty.l1 + activityPenalty.l2 > 0 ? { ...layer, activityPenalty } : layer;
}

/** A place in the graph, without numbers: the future output of an input or of a layer applied to others. */
export class SymbolicTensor {
  /** `spec` is undefined for an input of the model, which has a `name` and a `width` instead. */
  constructor(
    readonly spec: LayerSpec | undefined,
    readonly inputs: readonly SymbolicTensor[],
    readonly name?: string,
    readonly width?: number,
  ) {}

  /** Returns the tensor of a layer that these feed, this one first; undefined where they are not all tensors. @throws ValueError @internal */
  feed(layer: LayerSpec, given: readonly unknown[]): SymbolicTensor | undefined {
    if (!given.every((item) => item instanceof SymbolicTensor)) return undefined;
    const merges = kindOf(layer)?.merges === true;
    if (merges ? given.length > 1 : given.length === 1) return new SymbolicTensor(layer, given);
    throw new ValueError({
      argument: `${layer.type}.apply(inputs)`,
      given: `${given.length} ${given.length === 1 ? 'input' : 'inputs'}`,
      expected: merges ? 'an array of two or more inputs' : 'one input',
      ...(merges ? {} : { hint: 'Join several by concatenate(), add() or multiply() first.' }),
    });
  }
}
