import { show, UnknownNameError, ValueError } from '../../errors.js';
import { deserialize, type LoadSource, load } from '../../io/save.js';
import type { BackendFactory } from '../../kernels/contract.js';
import type { Model } from '../../train/model.js';
import { preprocessingFromJSON } from '../prep/preprocess.js';
import { bestBackend, FORMAT, Tabular, type TabularRecord, VERSION } from './tabular.js';

/** The pipeline in a model that was loaded. @throws ValueError for a model that holds none. */
function revive(model: Model): Tabular {
  const saved = model.preprocessing as {
    format?: unknown;
    version?: unknown;
    inputs?: unknown;
    target?: unknown;
    record?: unknown;
  };
  if (typeof saved !== 'object' || saved === null || saved.format !== FORMAT || saved.version !== VERSION) {
    throw new ValueError({
      argument: 'model',
      given: saved === undefined ? 'a model without a pipeline' : `a pipeline of format ${show(saved?.format)}`,
      expected: `what a pipeline saved, format '${FORMAT}', version ${VERSION}`,
    });
  }
  const inputs = preprocessingFromJSON(saved.inputs);
  const target = preprocessingFromJSON(saved.target);
  const record = saved.record as TabularRecord;
  const sound =
    typeof record === 'object' &&
    record !== null &&
    typeof record.target === 'string' &&
    (record.task === 'regression' || (record.task === 'classification' && Array.isArray(record.classes))) &&
    Array.isArray(record.inputs);
  if (!sound)
    throw new UnknownNameError({
      argument: 'model.preprocessing.record',
      given: show(record),
      expected: 'target, task and inputs',
    });
  return new Tabular({ target: record.target }, { model, inputs, target, record });
}

/**
 * A pipeline that `save` wrote. Errors as of `load`, and ValueError for a model without a pipeline.
 * `backend` defaults to `await auto()`.
 */
export async function loadTabular(
  source: LoadSource,
  options: { readonly backend?: BackendFactory } = {},
): Promise<Tabular> {
  return revive(await load(source, { backend: options.backend ?? (await bestBackend()) }));
}

/** A pipeline out of the bytes that `serialize` gave. */
export function deserializeTabular(bytes: Uint8Array, options: { readonly backend: BackendFactory }): Tabular {
  return revive(deserialize(bytes, options));
}
