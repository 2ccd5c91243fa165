import type { KernelName } from '../../kernels/contract.js';
import * as k from '../../kernels/signatures/index.js';
import type { Emitter } from '../emitter.js';
import type { NonZeros, Tensor } from '../plan.js';

/** Allocates an input of at most so many non-zeros: the tensor holds their values, and after those that there are zeros. */
export function sparseInput(emit: Emitter, name: string, width: number, most: number): Tensor {
  const values = emit.vector(name, most);
  const starts = emit.vector(`${name}.starts`, emit.rows + 1);
  const indices = emit.vector(`${name}.indices`, most);
  const operands = { starts, indices, values, inputs: width };
  const nonZeros: NonZeros = {
    starts,
    indices,
    forward(w, b, y, product) {
      emit.call(k.sparseForward, { ...operands, w, b, y }, product.replace('dense', 'sparse') as KernelName);
    },
    kernelGradient(dy, dw) {
      emit.call(k.sparseKernelGradient, { ...operands, dy, dw });
    },
  };
  return Object.assign(values, { nonZeros });
}

declare module '../../rare.js' {
  interface RareParts {
    readonly sparseInput: typeof sparseInput;
  }
}
