import type { BackendFactory, KernelName } from '../src/kernels/contract.js';
import { activationKernels, lossTable, type UpdateKernel, updateLoops } from '../src/kernels/tables.js';
import type { Case } from './measure.js';
import { plainLoops } from './plain.js';
import { makeRandom } from './random.js';
import { Rig } from './rig.js';
import { type Cost, type Setup, setups } from './setups.js';

// What elementwise kernels are asked for: to be about as fast as a copy, or than the plain loop with Math.exp, or to move as
// many bytes in the same time as a copy.

const ELEMENTS = 65536;
/** Rows by columns of what works row by row. */
const ROWS = [64, 1000] as const;
/** Parameters. A power of two would put all slabs at the same place of every cache. */
const SLAB = 1_000_000;

/** Of the relu family: at most this times the copy. Of exponentials: at least this much faster. Of optimizers: this share. */
const ASKED = { copy: 1.3, loop: 5, slab: 0.7 } as const;

/** One of each kind. */
const QUICK: readonly KernelName[] = ['reluForward', 'exponentialForward', 'sgd'];

type Kind = keyof typeof ASKED;

export interface BandwidthCase extends Case {
  readonly kind: Kind;
  /** With the activation, where a kernel serves two. */
  readonly kernel: string;
  readonly shape: string;
  readonly elements: number;
  /** What it is measured by: a copy of its bytes, or the plain loop. */
  readonly yardstick: Case;
  /** Of optimizers: the copy of one slab. */
  readonly slabCopy?: Case;
}

export interface BandwidthRow {
  readonly kind: Kind;
  readonly kernel: string;
  readonly shape: string;
  readonly nsPerElement: number;
  readonly yardstickNs: number;
  /** Of optimizers their bytes a second over those of a copy of one slab, which is asked, else by time. */
  readonly ofYardstick: number;
  /** Of optimizers the same over the copy of as many bytes as they move, which the last-level cache may not hold. */
  readonly ofSameBytes?: number;
  readonly asked: number;
  readonly ok: boolean;
  /** This build's time over that of the build before. */
  readonly ratio?: number;
}

/** Reads `n` floats and writes as many. */
function copyOf(n: number, { open }: BackendFactory): Case {
  return {
    name: `copy ${n}`,
    quick: false,
    prepare() {
      const { heap } = open(2 * n);
      heap.fill(1);
      return () => heap.copyWithin(n, 0, n);
    },
  };
}

function plainLoop(name: string, kernel: KernelName, [a, b]: readonly number[]): Case {
  return {
    name: `plain ${name}`,
    quick: false,
    prepare() {
      const loop = plainLoops[name]!;
      const random = makeRandom(1);
      const n = a! * (b ?? 1);
      const positive = kernel in lossTable || kernel === 'logForward' || kernel === 'softplusBackward';
      const magnitude = () => 0.125 + 0.875 * random();
      const signed = () => (random() < 0.5 ? -magnitude() : magnitude());
      const x = Float32Array.from({ length: n }, positive ? magnitude : signed);
      const labels = kernel === 'sparseCategoricalCrossentropy';
      const s = Float32Array.from({ length: n }, labels ? () => Math.floor(random() * b!) : magnitude);
      const y = new Float32Array(n);
      return () => loop(x, y, s, b ?? 1);
    },
  };
}

/** Activations that take about as long as a copy. */
function isLight(kernel: KernelName): boolean {
  const found = activationKernels().find((item) => item.kernel === kernel);
  if (!found || kernel in plainLoops) return false;
  const { plan } = found;
  return plan.shape === 'units' || plan.shape === 'random' || (plan.shape === 'elementwise' && plan.light === true);
}

function sizesOf(kernel: KernelName): readonly number[] {
  if (/^(logS|s)oftmax|^sparse|^categorical/.test(kernel)) return ROWS;
  if (kernel.startsWith('prelu')) return [128, 512];
  return kernel in lossTable ? [1, ELEMENTS] : [ELEMENTS];
}

/** As many elements as optimizers have parameters. */
const largeOf = (kernel: KernelName): readonly number[] => (kernel.startsWith('prelu') ? [2000, 500] : [SLAB]);

/** A kernel of swish as silu takes it. */
function swish(kernel: KernelName): Setup {
  return (rig, n) => {
    const operands = Array.from({ length: kernel.endsWith('Backward') ? 3 : 2 }, () => rig.vector(n));
    rig.callOf(kernel, [...operands, n, 1, 0]);
    return { elements: n, moved: operands.length };
  };
}

export function bandwidthCases(factory: BackendFactory): readonly BandwidthCase[] {
  const copies = new Map<number, Case>();
  const copy = (n: number) => {
    if (!copies.has(n)) copies.set(n, copyOf(n, factory));
    return copies.get(n)!;
  };
  const make = (kind: Kind, name: string, sizes: readonly number[], large = false): BandwidthCase => {
    const rig = new Rig();
    const [a = 1, b = 1, c = 1] = sizes;
    const kernel = name.split(' ')[0] as KernelName;
    const setup = name.endsWith('silu') ? swish(kernel) : setups[kernel];
    const cost = setup(rig, a, b, c) as Extract<Cost, { elements: number }>;
    const shape = sizes.join('x');
    return {
      name: `bandwidth ${name} ${shape}`,
      quick: QUICK.includes(kernel) && !large,
      kind,
      kernel: name,
      shape,
      elements: cost.elements,
      prepare: () => rig.link(factory),
      yardstick: kind === 'loop' ? plainLoop(name, kernel, sizes) : copy((cost.elements * cost.moved) / 2),
      ...(kind === 'slab' ? { slabCopy: copy(SLAB) } : {}),
    };
  };
  const light = activationKernels().filter(({ kernel }) => isLight(kernel));
  return [
    ...light.flatMap(({ kernel }) => [
      make('copy', kernel, sizesOf(kernel)),
      make('copy', kernel, largeOf(kernel), true),
    ]),
    ...Object.keys(plainLoops).map((name) => make('loop', name, sizesOf(name as KernelName))),
    ...(Object.keys(updateLoops) as UpdateKernel[]).map((kernel) => make('slab', kernel, [SLAB])),
  ];
}

/** All that is to be timed for these cases, each once. */
export function withYardsticks(cases: readonly BandwidthCase[]): readonly Case[] {
  return [...new Set(cases.flatMap((item) => [item, item.yardstick, ...(item.slabCopy ? [item.slabCopy] : [])]))];
}

export function bandwidthRow(item: BandwidthCase, timings: ReadonlyMap<Case, number>): BandwidthRow {
  const { kind, kernel, shape, elements, yardstick, slabCopy } = item;
  const us = timings.get(item)!;
  const yardstickUs = timings.get(yardstick)!;
  const asked = ASKED[kind];
  const common = {
    kind,
    kernel,
    shape,
    nsPerElement: (us * 1e3) / elements,
    yardstickNs: (yardstickUs * 1e3) / elements,
  };
  if (kind === 'copy') return { ...common, ofYardstick: us / yardstickUs, asked, ok: us / yardstickUs <= asked };
  if (kind === 'loop') return { ...common, ofYardstick: yardstickUs / us, asked, ok: yardstickUs / us >= asked };
  const floats = Number(yardstick.name.split(' ')[1]);
  const ofYardstick = floats / us / (SLAB / timings.get(slabCopy!)!);
  return { ...common, ofYardstick, ofSameBytes: yardstickUs / us, asked, ok: ofYardstick >= asked };
}
