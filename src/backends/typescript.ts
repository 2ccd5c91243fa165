import { activations } from '../kernels/activations.js';
import { type Backend, type BackendFactory, type Kernels, PAGE_ELEMENTS } from '../kernels/contract.js';
import { linalg } from '../kernels/linalg.js';
import { losses } from '../kernels/losses.js';
import { float32Machine, float64Machine, type Machine } from '../kernels/machine.js';
import { normalization } from '../kernels/normalization.js';
import { optimizers } from '../kernels/optimizers.js';
import { random } from '../kernels/random.js';
import { reductions } from '../kernels/reductions.js';

function open(machine: Machine): Backend {
  const kernels = {
    ...linalg(machine),
    ...activations(machine),
    ...losses(machine),
    ...normalization(machine),
    ...reductions(machine),
    ...optimizers(machine),
    ...random(machine),
  } satisfies Kernels;
  return { heap: machine.heap, kernels };
}

const roundUp = (elements: number) => Math.ceil(elements / PAGE_ELEMENTS) * PAGE_ELEMENTS;

/** The backend in plain TypeScript: the same bits as WebAssembly, where WebAssembly cannot run. */
export function typescript(): BackendFactory {
  return { name: 'typescript', open: (elements) => open(float32Machine(roundUp(elements))) };
}

/** The same kernels in float64 without rounding, for gradient checks. Its results differ from the other backends'. */
export function typescript64(): BackendFactory {
  return { name: 'typescript', open: (elements) => open(float64Machine(roundUp(elements))) };
}
