import { noRoom } from '../errors.js';
import {
  type Backend,
  type BackendFactory,
  type Heap,
  heapElements,
  type Kernels,
  type Twins,
} from '../kernels/contract.js';
import { type Arithmetic, float32, float64 } from '../kernels/lib/arithmetic.js';
import activations from '../kernels/twins/activations.js';
import adamLoops from '../kernels/twins/adam.js';
import constraints from '../kernels/twins/constraints.js';
import { elementwise } from '../kernels/twins/elementwise.js';
import { embedding } from '../kernels/twins/embedding.js';
import { expressions } from '../kernels/twins/expressions.js';
import gates from '../kernels/twins/gates.js';
import leakies from '../kernels/twins/leaky.js';
import { linalg } from '../kernels/twins/linalg.js';
import losses from '../kernels/twins/losses.js';
import binaryLosses from '../kernels/twins/losses-binary.js';
import regressionLosses from '../kernels/twins/losses-regression.js';
import rowLosses from '../kernels/twins/losses-rows.js';
import { normalization } from '../kernels/twins/normalization.js';
import optimizers from '../kernels/twins/optimizers.js';
import { random } from '../kernels/twins/random.js';
import { reductions } from '../kernels/twins/reductions.js';
import { softmaxes } from '../kernels/twins/softmax.js';
import { sparse } from '../kernels/twins/special/sparse.js';
import { step } from '../kernels/twins/step.js';

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
    ...sparse(arithmetic),
    ...step(arithmetic),
    ...constraints(arithmetic),
    ...optimizers(arithmetic),
    ...adamLoops(arithmetic),
    ...random(arithmetic),
  } satisfies Twins;
}

// All heaps share one set of functions, so that V8 compiles them once and keeps their rounding inline.
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
    return new Memory(heapElements(elements));
  } catch (thrown) {
    throw noRoom(elements, thrown);
  }
}

/** Returns the kernels in plain TypeScript alone, for programs without models. */
export function openTwins(): BackendFactory {
  float32Twins ??= twins(float32);
  const kernels = float32Twins;
  return {
    name: 'typescript',
    math: 'exact',
    threads: 1,
    open: (elements) => open(kernels, allocate(Float32Array, elements)),
  };
}

/** Returns the same kernels in float64 without rounding. */
export function openTwins64(): BackendFactory {
  float64Twins ??= twins(float64);
  const kernels = float64Twins;
  return {
    name: 'typescript',
    math: 'exact',
    threads: 1,
    open: (elements) => open(kernels, allocate(Float64Array, elements)),
  };
}
