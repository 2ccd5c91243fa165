import { checkBoolean, checkNumber, checkOptions, prefixed, ShapeError, show, ValueError } from '../../errors.js';
import type { ConstraintName, ConstraintSpec } from '../../kernels/tables.js';
import type { Layer } from '../../program/layer.js';
import type { Parameter } from '../../program/parameter.js';
import type { Tensor } from '../../program/plan.js';
import { bindExpression, showShape } from '../expressions/bind.js';
import { type Expression, guarded, type Operations, type Step, trace } from '../expressions/expression.js';
import { Lowering, type Shape } from '../expressions/lowering.js';
import { makeInitializer } from '../initializers/initialization.js';
import type { InitializerSpec } from '../initializers/spec.js';
import type { InitializerName, RegularizerName } from '../names.js';
import { makeConstraint, makePenalty } from '../penalties-and-constraints.js';
import { FAMILY, type Family, type Registrable } from '../registrations.js';
import type { Regularizer } from '../regularizers.js';
import type { TrainableLayerOptions } from './kind.js';
import { defineLayer, type Kind, type LayerSpec, parameter, penalized } from './kind.js';

/** A weight of a custom layer. */
export interface LayerParameter {
  /**
   * `[columns]` of a vector, which spreads over rows, or `[rows, columns]` of a matrix, the second operand of `matmul`;
   * integers of at least 1.
   */
  readonly shape: readonly [columns: number] | readonly [rows: number, columns: number];
  /** The initializer; default 'glorotUniform' for a matrix, 'zeros' for a vector, which counts as 1 x columns. */
  readonly initializer?: InitializerName | InitializerSpec | undefined;
  /** A penalty, `l1`, `l2` or `l1l2`; default none. */
  readonly regularizer?: RegularizerName | Regularizer | undefined;
  /** Keeps it in bounds after every step: `maxNorm`, `unitNorm` or `nonNeg`; default none. */
  readonly constraint?: ConstraintName | ConstraintSpec | undefined;
  /** `false` keeps it as it is for ever; default true. */
  readonly trainable?: boolean | undefined;
  /** It learns at this multiple of the layer's learning rate; above 0, default 1. */
  readonly learningRateMultiplier?: number | undefined;
}

/** Options that every custom layer takes beside its own. */
export interface CustomLayerOptions extends TrainableLayerOptions {
  /** A penalty on the output: the mean over the rows of the batch. Default: none. */
  readonly activityRegularizer?: RegularizerName | Regularizer;
}

/** A custom layer of a model as plain data, for inputs of known widths. */
export interface CustomLayerData extends CustomLayerOptions {
  /** The name that `register` gave the layer, or the `type` of its definition, or 'custom'. */
  readonly type: string;
  /** The columns of each input, by its name in the steps. */
  readonly widths: Readonly<Record<string, number>>;
  /** The weights by their names in the steps. */
  readonly parameters: Readonly<Record<string, LayerParameter>>;
  /** The operations in order; the last one computes the output. */
  readonly steps: readonly Step[];
}

/** Describes a layer, for `customLayer`. `I` are the names of inputs, `P` those of parameters, `O` the options. */
export interface LayerDefinition<I extends string, P extends string, O extends object> {
  /** The kind of layer, for summaries and messages; default the name that `register` gives it, or 'custom'. */
  readonly type?: string;
  /** The names of the inputs; default one, 'x'. */
  readonly inputs?: readonly I[];
  /** The options that the layer takes and their defaults; what is given as `undefined` has none. */
  readonly options?: O;
  /** Returns the weights, from the columns of each input and the options; default none. */
  readonly parameters?: (widths: { readonly [K in I]: number }, options: O) => { readonly [K in P]: LayerParameter };
  /** Returns the output, rows x columns, from inputs and weights. No row may depend on others. */
  readonly forward: (
    values: { readonly [K in I | P]: Expression },
    operations: Operations,
    options: O,
    widths: { readonly [K in I]: number },
  ) => Expression;
}

/** Makes layers of a kind of your own, each with options of its own. */
export interface CustomLayer<O extends object> extends Registrable {
  (options?: Partial<O> & CustomLayerOptions): LayerSpec & Partial<O>;
}

/** Layers that `register` has given a name, as functions of options. */
export const ownLayers: Readonly<Record<string, (options: object) => LayerSpec>> = {};

/** The types of the library's own layers, which no other layer may have; test/nn/own/layers.test.ts compares them. */
export const TAKEN =
  'dense activation embedding batchNormalization layerNormalization dropout alphaDropout gaussianDropout gaussianNoise concatenate add subtract multiply average maximum'.split(
    ' ',
  );

const FAMILY_OF_LAYERS: Family = { family: 'layer', names: ownLayers, functions: TAKEN, functional: true, joins: true };

const COMMON = ['type', 'name', 'inputShape', 'trainable', 'learningRateMultiplier', 'activityRegularizer'];
const DATA = ['widths', 'parameters', 'steps', 'activityRegularizer'];

function checkNames(names: readonly string[], argument: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (typeof name !== 'string' || !/^[a-z_]\w*$/i.test(name)) {
      throw new ValueError({
        argument,
        given: show(name),
        expected: 'names of letters, digits and _, a digit not first',
      });
    }
    if (seen.has(name)) throw new ValueError({ argument, given: `'${name}' twice`, expected: 'names that differ' });
    seen.add(name);
  }
}

/**
 * A layer from an expression of its inputs and weights:
 *
 *     const rmsNormalization = customLayer({
 *       options: { epsilon: 1e-6 },
 *       parameters: ({ x }) => ({ gamma: { shape: [x], initializer: 'ones' } }),
 *       forward: ({ x, gamma }, { add, div, mean, mul, sqrt, square }, { epsilon }) =>
 *         mul(gamma, div(x, sqrt(add(mean(square(x), { axis: 1 }), epsilon)))),
 *     });
 *     sequential({ layers: [dense({ units: 64, inputShape: 8 }), rmsNormalization({ epsilon: 1e-5 })], backend });
 *
 * It returns a function that makes layers. `parameters` and `forward` run where a model is built, when the columns of the
 * inputs are known: `forward` once, on symbols. From then on the layer is plain data; a file holds it whole.
 * @throws ValueError for anything but a definition. Where a model is built: ShapeError, ValueError, UnknownNameError that
 * name the layer and the operation.
 */
export function customLayer<const I extends string = 'x', P extends string = never, O extends object = object>(
  definition: LayerDefinition<I, P, O>,
): CustomLayer<O> {
  checkOptions(definition, ['type', 'inputs', 'options', 'parameters', 'forward'], 'customLayer');
  const { type, inputs = ['x'], options = {}, forward, parameters } = definition;
  for (const [name, given] of Object.entries({ forward, ...(parameters && { parameters }) })) {
    if (typeof given === 'function') continue;
    throw new ValueError({ argument: `customLayer.${name}`, given: show(given), expected: 'a function' });
  }
  if (type !== undefined && (typeof type !== 'string' || type === '' || TAKEN.includes(type))) {
    throw new ValueError({
      argument: 'customLayer.type',
      given: show(type),
      expected: 'a text that is no type of a layer of the library',
    });
  }
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw new ValueError({ argument: 'customLayer.inputs', given: show(inputs), expected: 'at least one name' });
  }
  checkNames(inputs, 'customLayer.inputs');
  checkOptions(options, Object.keys(options), 'customLayer.options');
  const taken = Object.keys(options).find((name) => [...COMMON, ...DATA, 'inputs'].includes(name));
  if (taken !== undefined) {
    throw new ValueError({
      argument: `customLayer.options.${taken}`,
      given: 'a name that every layer has a use for',
      expected: 'another name',
    });
  }
  const kind: Kind<object> = {
    options: [],
    merges: inputs.length > 1,
    trace: (spec, name, widths) => traced(definition as unknown as AnyDefinition, spec, name, widths, make.registered),
    // A layer is traced before it is built.
    build: () => [],
  };
  const make = ((given?: object) => defineLayer(make.registered ?? type ?? 'custom', kind)(given)) as CustomLayer<O>;
  Object.defineProperty(make, 'name', { value: 'custom' });
  return Object.assign(make, { [FAMILY]: FAMILY_OF_LAYERS });
}

type AnyDefinition = LayerDefinition<string, string, Readonly<Record<string, unknown>>>;

/** Runs the functions of a definition for inputs of these widths. */
function traced(
  definition: AnyDefinition,
  spec: LayerSpec,
  name: string,
  given: readonly number[],
  registered?: string,
) {
  const { type = 'custom', inputs = ['x'], options: defaults = {}, parameters: declare, forward } = definition;
  const kindName = registered ?? type;
  const argument = `${name} (${kindName})`;
  checkOptions(spec, [...COMMON, ...Object.keys(defaults)], name);
  if (given.length !== inputs.length) {
    throw new ShapeError({
      argument: `${argument}, inputs`,
      given: String(given.length),
      expected: `${inputs.length}: ${inputs.join(', ')}`,
    });
  }
  const own = Object.entries(defaults).map(([key, value]) => [key, (spec as unknown as Options)[key] ?? value]);
  const options: Options = Object.fromEntries(own);
  const widths: Widths = Object.fromEntries(inputs.map((input, i) => [input, given[i] as number]));
  const parameters = declare?.(widths, options) ?? {};
  if (typeof parameters !== 'object' || Array.isArray(parameters)) {
    throw new ValueError({
      argument: `${argument}.parameters`,
      given: `a function that returns ${show(parameters)}`,
      expected: 'one that returns an object, such as { gamma: { shape: [8] } }',
    });
  }
  const names = [...inputs, ...Object.keys(parameters)];
  let steps: readonly Step[];
  try {
    const define = (...symbols: unknown[]) => {
      const values = Object.fromEntries(names.map((value, i) => [value, symbols[i] as Expression]));
      return forward(guarded(values, 'operand'), symbols.at(-1) as Operations, options, widths);
    };
    steps = trace(define, names, 'forward');
  } catch (error) {
    throw prefixed(error, argument, ', ');
  }
  const common = Object.entries(spec).filter(([key]) => COMMON.includes(key) && key !== 'type');
  return customLayerFromData({ ...Object.fromEntries(common), type: kindName, widths, parameters, steps });
}

type Options = Readonly<Record<string, unknown>>;
type Widths = Readonly<Record<string, number>>;

/** Returns a layer from plain data, whose initializers and their like know their functions. */
export function customLayerFromData({ type, ...data }: CustomLayerData): LayerSpec {
  const merges = Object.keys(Object(data.widths)).length > 1;
  return defineLayer<string, Omit<CustomLayerData, 'type'>>(type, { options: DATA as never, merges, build })(data);
}

/** Returns the parameters by the names that the steps know them by. */
function declare(given: unknown, name: string): ReadonlyMap<string, Parameter> {
  const argument = `${name}.parameters`;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ValueError({ argument, given: show(given), expected: 'an object of parameters by name' });
  }
  const entries = Object.entries(given as Readonly<Record<string, LayerParameter>>);
  return new Map(
    entries.map(([key, item]) => {
      const at = `${name}.${key}`;
      const known = ['shape', 'initializer', 'regularizer', 'constraint', 'trainable', 'learningRateMultiplier'];
      checkOptions(item, known, at);
      const { shape, trainable = true, learningRateMultiplier = 1 } = item;
      if (!Array.isArray(shape) || shape.length < 1 || shape.length > 2) {
        throw new ShapeError({ argument: `${at}.shape`, given: show(shape), expected: '[columns] or [rows, columns]' });
      }
      shape.forEach((size, i) => {
        checkNumber(size, `${at}.shape[${i}]`, { min: 1, integer: true });
      });
      checkBoolean(trainable, `${at}.trainable`);
      checkNumber(learningRateMultiplier, `${at}.learningRateMultiplier`, { above: 0 });
      const isMatrix = shape.length === 2;
      const [rows, columns] = isMatrix ? shape : [1, shape[0]];
      const initializer = item.initializer ?? (isMatrix ? 'glorotUniform' : 'zeros');
      const made = parameter(
        at,
        isMatrix ? 'panels' : 'vector',
        rows,
        columns,
        makeInitializer(initializer, `${at}.initializer`),
        {
          trainable,
          penalty: makePenalty(item.regularizer, `${at}.regularizer`),
          constraint: makeConstraint(item.constraint, `${at}.constraint`),
        },
      );
      made.learningRateMultiplier = learningRateMultiplier;
      return [key, made];
    }),
  );
}

/** Returns the columns of the inputs by name, which must be those of the layers that feed this one. */
function readWidths(given: unknown, widths: readonly number[], argument: string): Readonly<Record<string, Shape>> {
  if (typeof given !== 'object' || given === null) {
    throw new ValueError({ argument: `${argument}.widths`, given: show(given), expected: 'columns by name' });
  }
  const entries = Object.entries(given);
  const told = entries.map(([name, width]) => `${name} of ${show(width)} columns`).join(', ');
  if (entries.length !== widths.length || entries.some(([, width], i) => width !== widths[i])) {
    throw new ShapeError({
      argument: `${argument}, inputs`,
      given: `inputs of ${widths.join(' and ')} columns`,
      expected: `${told}, for which the layer was made`,
      hint: 'The function that customLayer returned makes a layer for any width.',
    });
  }
  return Object.fromEntries(entries.map(([name, columns]) => [name, { rows: 'batch', columns: columns as number }]));
}

function build(spec: object, name: string, widths: readonly number[], index: number): readonly Layer[] {
  const { type, activityRegularizer, parameters: given, steps, ...data } = spec as CustomLayerData;
  const argument = `${name} (${type})`;
  const shapes = readWidths(data.widths, widths, argument);
  const parameters = declare(given, name);
  checkNames([...Object.keys(shapes), ...parameters.keys()], `${argument}, names of inputs and parameters`);
  const bound = bindExpression(steps, shapes, argument, true, { parameters });
  const { shape } = bound;
  if (shape.rows !== 'batch') {
    throw new ShapeError({
      argument,
      given: `a result of ${showShape(shape)}`,
      expected: 'rows x columns: a result that has a row for each row of the inputs',
    });
  }
  const layer: Layer = {
    name,
    units: shape.columns,
    parameters: [...parameters.values()],
    constants: bound.constants,
    // A batch of one row has no others to compare it with.
    ...(bound.mixes ? { minimumBatch: 2 } : {}),
    forward(emit, ...inputs) {
      const lower = new Lowering(emit, name, index);
      const inputShapes = Object.values(shapes);
      const { result, gradients } = bound.compute(
        lower,
        inputs.map((x, i) => lower.pack(x, inputShapes[i] as Shape)),
      );
      return {
        y: lower.unpack(result),
        backward(dy, wanted) {
          // Gradients of two inputs may be one tensor, and later calls add to each.
          const seen = new Set<Tensor>();
          return gradients(lower.pack(dy, shape), wanted).map((value, i) => {
            if (!value) return undefined;
            const dx = lower.unpack(value);
            if (seen.has(dx)) return emit.copy(dx, `${name}.dx${i}`);
            seen.add(dx);
            return dx;
          });
        },
      };
    },
  };
  return [penalized(layer, activityRegularizer, name)];
}
