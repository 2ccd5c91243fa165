import type { Model } from '../../callbacks/interfaces.js';
import { FileFormatError, MyelinError, show, ValueError } from '../../errors.js';
import { deserialize, type LoadSource, load, naming } from '../../io/save.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { preprocessingFromJSON } from '../prep/preprocess.js';
import { bestBackend } from './learn.js';
import { readRecord } from './record.js';
import { FORMAT, Tabular, VERSION } from './tabular.js';

/** Returns the pipeline in a model that was loaded. @throws ValueError for a model that holds none. */
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
  const inputs = attempt('inputs', () => preprocessingFromJSON(saved.inputs));
  const target = attempt('target', () => preprocessingFromJSON(saved.target));
  const record = attempt('record', () => readRecord(saved.record, model, inputs, target));
  return new Tabular({ target: record.target }, { model, inputs, target, record });
}

/** Runs the reader of a part of the pipeline, and reports what is absent or contradictory as the file's fault. */
function attempt<T>(part: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const known = cause instanceof MyelinError || cause instanceof TypeError || cause instanceof RangeError;
    if (!known || cause instanceof FileFormatError) throw cause;
    throw new FileFormatError(`metadata.preprocessing.${part}`, cause.message.replace(/\.$/, ''), { cause });
  }
}

/**
 * Returns a pipeline that `save` wrote. Errors as of `load`, and ValueError for a model without a pipeline; FileFormatError
 * for one whose parts are not what they should be, or contradict each other. `backend` defaults to `await auto()`.
 */
export async function loadTabular(
  source: LoadSource,
  options: { readonly backend?: BackendFactory } = {},
): Promise<Tabular> {
  const model = await load(source, { backend: options.backend ?? (await bestBackend()) });
  try {
    return revive(model);
  } catch (error) {
    throw naming(error, source);
  }
}

/** Loads a pipeline from the bytes that `serialize` returned. */
export function deserializeTabular(bytes: Uint8Array, options: { readonly backend: BackendFactory }): Tabular {
  return revive(deserialize(bytes, options));
}
