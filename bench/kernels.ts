import type { BackendFactory } from '../src/kernels/contract.js';
import type { Case } from './measure.js';
import { makeRandom } from './random.js';
import { Rig } from './rig.js';
import { type Cost, setups } from './setups.js';
import { copySizes, ELEMENTS, type Shape, shapes } from './shapes.js';

export interface KernelCase extends Case {
  readonly kernel: string;
  readonly shape: string;
  readonly build: string;
  readonly cost: Cost;
}

export interface KernelRow {
  readonly kernel: string;
  readonly shape: string;
  readonly build: string;
  readonly us: number;
  readonly gflops: number | null;
  readonly shareOfPeak: number | null;
  readonly nsPerElement?: number;
  /** Of floats that the kernel must read or write, whichever cache they are in. */
  readonly gbPerSecond?: number;
  /** This build's time over that of the build before. */
  readonly ratio?: number;
}

function kernelCase({ kernel, sizes }: Shape, build: string, factory: BackendFactory, quick: boolean): KernelCase {
  const [a = 1, b = 1, c = 1] = sizes;
  const shape = sizes.join('x');
  const rig = new Rig();
  const cost = setups[kernel](rig, a, b, c);
  return {
    name: `kernel ${kernel} ${shape} ${build}`,
    quick,
    kernel,
    shape,
    build,
    cost,
    prepare: () => rig.link(factory),
  };
}

/** Moves as many elements from one place of a heap to another: what memory allows. */
function copyCase(n: number, build: string, factory: BackendFactory): KernelCase {
  return {
    name: `kernel copy ${n} ${build}`,
    quick: false,
    kernel: 'copy',
    shape: `${n}`,
    build,
    cost: { elements: n, moved: 2 },
    prepare: () => {
      const { heap } = factory.open(2 * n);
      return () => heap.copyWithin(n, 0, n);
    },
  };
}

/** What activations are measured by: the bytes they move, and the function that JavaScript offers. */
const yardsticks: Readonly<Record<string, (x: Float32Array, y: Float32Array) => () => void>> = {
  'Math.exp loop': (x, y) => () => {
    for (let i = 0; i < x.length; i++) y[i] = Math.exp(x[i]!);
  },
};

function yardstickCases(): readonly KernelCase[] {
  return Object.entries(yardsticks).flatMap(([kernel, make]) =>
    ELEMENTS.map(([n = 0]) => ({
      name: `kernel ${kernel} ${n} exact`,
      quick: false,
      kernel,
      shape: String(n),
      build: 'exact',
      cost: { elements: n, moved: 2 },
      prepare() {
        const random = makeRandom(1);
        return make(
          Float32Array.from({ length: n }, () => 2 * random() - 1),
          new Float32Array(n),
        );
      },
    })),
  );
}

export function kernelCases(builds: Readonly<Record<string, BackendFactory>>): readonly KernelCase[] {
  const kernels = shapes.flatMap((shape, i) =>
    Object.entries(builds).map(([build, factory]) =>
      kernelCase(shape, build, factory, shape.kernel !== shapes[i - 1]?.kernel),
    ),
  );
  const { exact } = builds;
  const copies = exact ? copySizes.map(([n = 1]) => copyCase(n, 'exact', exact)) : [];
  return [...copies, ...yardstickCases(), ...kernels];
}

export function kernelRow({ kernel, shape, build, cost }: KernelCase, us: number, peak: number): KernelRow {
  if ('flops' in cost) {
    const gflops = cost.flops / us / 1e3;
    return { kernel, shape, build, us, gflops, shareOfPeak: gflops / peak };
  }
  const nsPerElement = (us * 1e3) / cost.elements;
  const gbPerSecond = (4 * cost.moved) / nsPerElement;
  return { kernel, shape, build, us, gflops: null, shareOfPeak: null, nsPerElement, gbPerSecond };
}
