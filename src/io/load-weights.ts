import type { Model } from '../callbacks/interfaces.js';
import { internalsOf } from '../engine/internals.js';
import { checkOptions, FileFormatError, show, UnknownNameError, ValueError } from '../errors.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import { elements } from './safetensors.js';
import { type LoadSource, open } from './save.js';

/** A tensor of the file by its name; kernels of PyTorch are units x inputs and need `transpose`. */
export type WeightSource =
  | string
  | {
      /** The name of the tensor in the file. */
      readonly tensor: string;
      /** Swaps rows and columns; default false. */
      readonly transpose?: boolean;
    };

/** For each of the model's weights by name, or as a function of it, the tensor to take; the same name by default. */
export type WeightMap = Readonly<Record<string, WeightSource>> | ((name: string) => WeightSource | undefined);

/** Options of `loadWeights`. */
export interface LoadWeightsOptions {
  /** The tensor to take for each weight, where the file names them otherwise; default the same name. */
  readonly map?: WeightMap;
}

function transposed(data: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const result = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c]!;
  return result;
}

/**
 * Puts weights of a safetensors file from any tool into a model, whose layers are its own. Tensors of the file that no
 * weight asks for are left alone.
 * @throws FileFormatError for a damaged file, one without a tensor that is asked for, or one of other shapes; then
 * nothing is changed. FileError where it cannot be read.
 * @throws ValueError, UnknownNameError for an entry of `names` that is not the name of a tensor in the file.
 */
export async function loadWeights(model: Model, source: LoadSource, options: LoadWeightsOptions = {}): Promise<void> {
  checkOptions(options, ['map'], 'loadWeights');
  const { map = {} } = options;
  const { parameters } = internalsOf(model).engine.network;
  const names = parameters.map(({ name }) => name);
  if (typeof map !== 'function') checkOptions(map, names, 'loadWeights.map');
  const { layout, data } = await open(source);
  const entries = new Map(layout.entries.map((entry) => [entry.name, entry]));
  const weights = parameters.map(({ name, rows, columns }): [string, Matrix] => {
    const argument = `loadWeights.map['${name}']`;
    const wanted = (typeof map === 'function' ? map(name) : map[name]) ?? name;
    if (typeof wanted !== 'string') checkOptions(wanted, ['tensor', 'transpose'], argument);
    const { tensor, transpose = false } = typeof wanted === 'string' ? { tensor: wanted } : wanted;
    if (typeof tensor !== 'string') {
      throw new ValueError({ argument, given: show(tensor), expected: 'the name of a tensor' });
    }
    const entry = entries.get(tensor);
    if (!entry) {
      const shown = [...entries.keys()].slice(0, 20).join(', ');
      throw new UnknownNameError({ argument, given: `the tensor '${tensor}'`, expected: `one of ${shown}` });
    }
    const values = elements(entry, data);
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
      throw new FileFormatError(`tensor ${tensor}`, `${entry.dtype}, which is not for weights`);
    }
    const shape = transpose ? [columns, rows] : [rows, columns];
    const fits = entry.shape.join() === shape.join() || (rows === 1 && entry.shape.join() === String(columns));
    if (!fits) {
      const hint = entry.shape.join() === [...shape].reverse().join() && !transpose ? '; transpose: true turns it' : '';
      const what = `shape [${entry.shape.join(', ')}] in place of [${shape.join(', ')}] for ${name}${hint}`;
      throw new FileFormatError(`tensor ${tensor}`, what);
    }
    const turned = transpose && rows > 1 ? transposed(values, columns, rows) : Float32Array.from(values);
    return [name, makeMatrix(turned, rows, columns)];
  });
  model.setWeights(Object.fromEntries(weights));
}
