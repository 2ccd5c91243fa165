import {
  type Backend,
  type BackendFactory,
  type Heap,
  type KernelName,
  type Kernels,
  RESERVED_ELEMENTS,
} from '../src/kernels/contract.js';
import { Arena, matrixTensor, panelColumns, type Tensor, vectorTensor } from '../src/program/plan.js';
import { makeRandom } from './random.js';

/** What a tensor holds before the first call; `below`: whole numbers from 0. */
type Content = 'signed' | 'positive' | 'zero' | 'one' | { readonly below: number } | ((heap: Heap, at: number) => void);

type Symbolic<Arguments extends readonly unknown[]> = { [I in keyof Arguments]: Arguments[I] | Tensor };

/** One compute kernel call on a heap of its own, its operands laid out as the library lays out its own. */
export class Rig {
  readonly #arena = new Arena(RESERVED_ELEMENTS);
  readonly #contents: { tensor: Tensor; content: Content }[] = [];
  #call: ((backend: Backend) => () => void) | undefined;

  matrix(rows: number, columns: number, content: Content = 'signed'): Tensor {
    return this.#take(matrixTensor('matrix', rows, columns), content);
  }

  vector(elements: number, content: Content = 'signed'): Tensor {
    return this.#take(vectorTensor('vector', panelColumns(elements)), content);
  }

  panels(inputs: number, units: number): Tensor {
    return this.vector(inputs * panelColumns(units));
  }

  slot(content: Content = 'zero'): Tensor {
    return this.#take(vectorTensor('slot', 1), content);
  }

  #take(tensor: Tensor, content: Content): Tensor {
    this.#contents.push({ tensor, content });
    return this.#arena.take(tensor);
  }

  call<K extends KernelName>(kernel: K, ...args: Symbolic<Parameters<Kernels[K]>>): void {
    this.callOf(kernel, args as readonly (number | Tensor)[]);
  }

  callOf(kernel: KernelName, args: readonly (number | Tensor)[]): void {
    // Behind a string, as in programs: V8 holds an array of numbers with a fraction among them in float64, offsets and all.
    const numbers: unknown[] = [kernel];
    for (const arg of args) numbers.push(typeof arg === 'number' ? arg : arg.offset);
    this.#call = ({ kernels }) => {
      return (kernels[kernel] as (...args: number[]) => void).bind(null, ...(numbers.slice(1) as number[]));
    };
  }

  /** Opens the heap, fills it and binds the call, as the library links one. */
  link(factory: BackendFactory): () => void {
    const backend = factory.open(this.#arena.end);
    const random = makeRandom(1);
    for (const { tensor, content } of this.#contents) {
      if (typeof content === 'function') {
        content(backend.heap, tensor.offset);
        continue;
      }
      const draw = drawOf(content, random);
      for (let i = tensor.offset; i < tensor.offset + tensor.size; i++) backend.heap[i] = draw();
    }
    if (!this.#call) throw new Error('The rig has no call.');
    return this.#call(backend);
  }
}

/** Numbers well away from zero, so that no product is denormal. */
function drawOf(content: Exclude<Content, (...args: never) => void>, random: () => number): () => number {
  if (typeof content === 'object') return () => Math.floor(random() * content.below);
  if (content === 'zero') return () => 0;
  if (content === 'one') return () => 1;
  const magnitude = () => 0.125 + 0.875 * random();
  return content === 'positive' ? magnitude : () => (random() < 0.5 ? -magnitude() : magnitude());
}
