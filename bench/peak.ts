import fused from '../build/peak.fast.wasm';
import plain from '../build/peak.wasm';
import type { Case } from './measure.js';

interface Loops {
  readonly memory: WebAssembly.Memory;
  readonly TURNS: WebAssembly.Global<'i32'>;
  chains(times: number): number;
  tile4x8(times: number): number;
  tile6x8(times: number): number;
}

type LoopName = 'chains' | 'tile4x8' | 'tile6x8';

/** Vector multiply-adds in one turn. */
const WIDTH: Record<LoopName, number> = { chains: 12, tile4x8: 8, tile6x8: 12 };
const TIMES = 40;

/** Kinds of arithmetic, by the builds that use them. */
const KINDS = { exact: plain, fast: fused };

export interface PeakCase extends Case {
  readonly kind: keyof typeof KINDS;
  readonly loop: LoopName;
  readonly flops: number;
}

/** What this machine can do at most with 128-bit multiplications and additions, plain and, where measured, fused. */
export interface Peak {
  readonly gflops: number;
  readonly fusedGflops?: number;
  readonly loops: Readonly<Record<string, number>>;
}

export async function peakCases(kind: PeakCase['kind']): Promise<readonly PeakCase[]> {
  const { instance } = await WebAssembly.instantiate(Buffer.from(KINDS[kind], 'base64'));
  const loops = instance.exports as unknown as Loops;
  new Float32Array(loops.memory.buffer).fill(0.5);
  const names = Object.keys(WIDTH) as LoopName[];
  return names.map((loop) => ({
    name: `peak ${loop} ${kind}`,
    quick: true,
    kind,
    loop,
    flops: WIDTH[loop] * 8 * loops.TURNS.value * TIMES,
    prepare() {
      if (!(loops[loop](TIMES) > 0)) throw new Error(`The peak's loop ${loop} does not add up.`);
      return () => loops[loop](TIMES);
    },
  }));
}

/** The fastest loop, by its median like everything that is compared with it. */
export function findPeak(cases: readonly PeakCase[], timings: ReadonlyMap<Case, number>): Peak {
  const gflops = (item: PeakCase) => item.flops / timings.get(item)! / 1e3;
  const best = (kind: PeakCase['kind']) => Math.max(...cases.filter((item) => item.kind === kind).map(gflops));
  return {
    gflops: best('exact'),
    ...(cases.some(({ kind }) => kind === 'fast') ? { fusedGflops: best('fast') } : {}),
    loops: Object.fromEntries(cases.map((item) => [`${item.loop} ${item.kind}`, gflops(item)])),
  };
}

/** The peak that a build is measured by. */
export function peakOf(peak: Peak, build: string): number {
  return build === 'fast' && peak.fusedGflops !== undefined ? peak.fusedGflops : peak.gflops;
}
