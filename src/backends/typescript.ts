import activations from '../kernels/activations.js';
import adamLoops from '../kernels/adam.js';
import { type Arithmetic, float32, float64 } from '../kernels/arithmetic.js';
import constraints from '../kernels/constraints.js';
import {
  type Backend,
  type BackendFactory,
  type Heap,
  type Kernels,
  PAGE_ELEMENTS,
  type Twins,
} from '../kernels/contract.js';
import { elementwise } from '../kernels/elementwise.js';
import { embedding } from '../kernels/embedding.js';
import { expressions } from '../kernels/expressions.js';
import gates from '../kernels/gates.js';
import leakies from '../kernels/leaky.js';
import { linalg } from '../kernels/linalg.js';
import losses from '../kernels/losses.js';
import binaryLosses from '../kernels/losses-binary.js';
import regressionLosses from '../kernels/losses-regression.js';
import rowLosses from '../kernels/losses-rows.js';
import { normalization } from '../kernels/normalization.js';
import optimizers from '../kernels/optimizers.js';
import { random } from '../kernels/random.js';
import { reductions } from '../kernels/reductions.js';
import { softmaxes } from '../kernels/softmax.js';
import { step } from '../kernels/step.js';
import { noRoom } from './no-room.js';

function twins(arithmetic: Arithmetic): Twins {
  return {
    ...elementwise(arithmetic),
    ...embedding(arithmetic),
    ...expressions(arithmetic),
    ...linalg(arithmetic),
    ...activations(arithmetic),
    ...gates(arithmetic),
    ...leakies(arithmetic),
    ...losses(arithmetic),
    ...binaryLosses(arithmetic),
    ...regressionLosses(arithmetic),
    ...rowLosses(arithmetic),
    ...normalization(arithmetic),
    ...reductions(arithmetic),
    ...softmaxes(arithmetic),
    ...step(arithmetic),
    ...constraints(arithmetic),
    ...optimizers(arithmetic),
    ...adamLoops(arithmetic),
    ...random(arithmetic),
  } satisfies Twins;
}

// One set of functions for all heaps, so that V8 compiles them once and keeps their rounding inline.
let float32Twins: Twins | undefined;
let float64Twins: Twins | undefined;

function open(kernels: Twins, heap: Heap): Backend {
  const bound = Object.entries(kernels).map(([name, kernel]) => {
    const twin = kernel as (heap: Heap, ...args: number[]) => void;
    return [name, twin.bind(null, heap)];
  });
  return { heap, kernels: Object.fromEntries(bound) as Kernels, longestCall: 1e7 };
}

function allocate<H extends Heap>(Memory: new (length: number) => H, elements: number): H {
  try {
    return new Memory(Math.ceil(elements / PAGE_ELEMENTS) * PAGE_ELEMENTS);
  } catch (thrown) {
    throw noRoom(elements, thrown);
  }
}

/** The backend in plain TypeScript: the same bits as WebAssembly, where WebAssembly cannot run. */
export function typescript(): BackendFactory {
  float32Twins ??= twins(float32);
  const kernels = float32Twins;
  return {
    name: 'typescript',
    math: 'exact',
    threads: 1,
    open: (elements) => open(kernels, allocate(Float32Array, elements)),
  };
}

/** The same kernels in float64 without rounding, for gradient checks. Its results differ from the other backends'. */
export function typescript64(): BackendFactory {
  float64Twins ??= twins(float64);
  const kernels = float64Twins;
  return {
    name: 'typescript',
    math: 'exact',
    threads: 1,
    open: (elements) => open(kernels, allocate(Float64Array, elements)),
  };
}
