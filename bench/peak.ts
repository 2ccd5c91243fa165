import bytes from '../build/peak.wasm';
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

export interface PeakCase extends Case {
  readonly loop: LoopName;
  readonly flops: number;
}

/** What this machine can do at most with plain 128-bit multiplications and additions. */
export interface Peak {
  readonly gflops: number;
  readonly loops: Readonly<Record<string, number>>;
}

export async function peakCases(): Promise<readonly PeakCase[]> {
  const { instance } = await WebAssembly.instantiate(bytes);
  const loops = instance.exports as unknown as Loops;
  new Float32Array(loops.memory.buffer).fill(0.5);
  const names = Object.keys(WIDTH) as LoopName[];
  return names.map((loop) => ({
    name: `peak ${loop}`,
    quick: true,
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
  const loops = Object.fromEntries(cases.map((item) => [item.loop, item.flops / timings.get(item)! / 1e3] as const));
  return { gflops: Math.max(...Object.values(loops)), loops };
}
