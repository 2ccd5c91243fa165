import { carry, makerOf } from '../kernels/definition.js';
import { activationTable, constraintTable, lossTable } from '../kernels/tables.js';
import { BUILD, isCustom } from './expressions/builds.js';
import { type CustomActivation, type CustomLoss, customActivation, customLoss } from './expressions/custom.js';
import { customRegularizer } from './expressions/custom-regularizer.js';
import { type CustomInitializer, initializerFromData } from './initializers/own-initializer.js';
import { metricNames } from './metrics/counted.js';
import { type CustomMetric, customMetric } from './metrics/own-metric.js';
import {
  activationNames,
  constraintNames,
  initializerNames,
  lossNames,
  optimizerNames,
  regularizerNames,
} from './names.js';
import { scheduleNames } from './optimizers/rate.js';
import type { CustomOptimizer } from './optimizers/updating.js';
import { customOptimizer } from './own-optimizer/own-optimizer.js';
import { findRegistered, type Registrable } from './registrations.js';
import {
  allOptimizers,
  averagingTable,
  initializerTable,
  metricTable,
  regularizerTable,
  scheduleTable,
} from './registry.js';
import type { CustomRegularizer } from './regularizers.js';

// Plain data, such as JSON, are turned back into specs: specs that functions return carry their definitions, and readers of
// files look them up. Names that no table has are left for later checks.

type Table = Readonly<Record<string, unknown>>;

/** Lets a spec, or a name that programs do not know, know its function. */
function revive<T>(given: T, table: Table, names: Table): T {
  if (typeof given === 'string' && Object.hasOwn(names, given)) return given;
  const spec = (typeof given === 'string' ? { name: given } : given) as { readonly name?: unknown } | null | undefined;
  const name = spec?.name;
  if (typeof name !== 'string' || !Object.hasOwn(table, name)) return given;
  return carry({ ...spec }, table[name]) as T;
}

/** Returns a schedule, or the number that stands for one. */
export function scheduleFromSpec<T>(given: T): T {
  if (isCustom(given)) return makerOf(given) ? given : (findRegistered('schedule', given as Registrable) as T);
  const spec = revive(given, scheduleTable, scheduleNames);
  const { schedule } = Object(spec) as { schedule?: unknown };
  return schedule === undefined
    ? spec
    : (carry({ ...spec, schedule: scheduleFromSpec(schedule) }, scheduleTable.warmup) as T);
}

/** Returns an optimizer, its schedule included. */
export function optimizerFromSpec<T>(given: T): T {
  const { learningRate } = Object(given) as { learningRate?: unknown };
  const whole = learningRate === undefined ? given : { ...given, learningRate: scheduleFromSpec(learningRate) };
  if (isCustom(whole)) return customOptimizer(whole as unknown as CustomOptimizer) as T;
  return revive(whole, allOptimizers, optimizerNames) as T;
}

export function lossFromSpec<T>(given: T): T {
  if (isCustom(given)) return BUILD in (given as object) ? given : (customLoss(given as CustomLoss) as T);
  return revive(given, lossTable, lossNames);
}

export function metricFromSpec<T>(given: T): T {
  if (isCustom(given)) return makerOf(given) ? given : (customMetric(given as CustomMetric) as T);
  return revive(given, metricTable, metricNames);
}

export function averagingFromSpec<T>(given: T): T {
  return revive(given, averagingTable, {});
}

export function activationFromSpec<T>(given: T): T {
  return isCustom(given)
    ? (customActivation(given as CustomActivation) as T)
    : revive(given, activationTable, activationNames);
}

export function initializerFromSpec<T>(given: T): T {
  if (isCustom(given)) return makerOf(given) ? given : (initializerFromData(given as CustomInitializer) as T);
  return revive(given, initializerTable, initializerNames);
}

export function regularizerFromSpec<T>(given: T): T {
  if (isCustom(given)) return makerOf(given) ? given : (customRegularizer(given as CustomRegularizer) as T);
  return revive(given, regularizerTable, regularizerNames);
}

/** Reads one value for all outputs, or one for each, in order or by name. */
function perOutput(given: unknown, one: (item: unknown) => unknown): unknown {
  if (Array.isArray(given)) return given.map((item) => perOutput(item, one));
  if (typeof given !== 'object' || given === null || typeof (given as { name?: unknown }).name === 'string') {
    return one(given);
  }
  return Object.fromEntries(Object.entries(given).map(([output, item]) => [output, perOutput(item, one)]));
}

/**
 * Turns plain data, such as JSON, into what `model.compile` takes. Only what functions return knows by itself what it
 * means, so that programs hold what they name; this knows every name, as `modelFromSpec` does.
 */
export function compileOptionsFromSpec<T extends object>(options: T): T {
  const { optimizer, loss, metrics, averaging } = options as Readonly<Record<string, unknown>>;
  return {
    ...options,
    ...(optimizer !== undefined && { optimizer: optimizerFromSpec(optimizer) }),
    ...(loss !== undefined && { loss: perOutput(loss, lossFromSpec) }),
    ...(metrics !== undefined && { metrics: perOutput(metrics, metricFromSpec) }),
    ...(averaging !== undefined && { averaging: averagingFromSpec(averaging) }),
  };
}

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapValues = (given: Plain, map: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, map(value)]));

/** Returns the options of a layer; those of a custom layer's parameters are in `parameters`. */
export function optionsFromSpec(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const part = (key: string, value: unknown): unknown => {
    if (key === 'activation') return activationFromSpec(value);
    if (/initializer$/i.test(key)) return initializerFromSpec(value);
    if (/regularizer$/i.test(key)) return regularizerFromSpec(value);
    if (/constraint$/i.test(key)) return revive(value, constraintTable, constraintNames);
    return key === 'parameters' && isPlain(value)
      ? mapValues(value, (each) => (isPlain(each) ? optionsFromSpec(each) : each))
      : value;
  };
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, part(key, value)]));
}
