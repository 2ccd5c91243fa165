import { checkRelaxedSimd } from './relaxed.js';

/** Says how `math: 'fast'` computes on this engine. */
export interface FastPlan {
  /** 'exact' where the engine does not fuse. */
  readonly math: 'exact' | 'fast';
  /** Says whether products take tiles of 6 rows and 4 panels instead of 4 and 3; their bits are the same. */
  readonly tall: boolean;
  /** Says what was chosen, and why. */
  readonly reason: string;
}

// (module (func (export "f") (param f32 f32) (result f32) (f32x4.extract_lane 0
//   (f32x4.relaxed_madd (f32x4.splat (local.get 0)) (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1))))))
const MADD = '0061736d0100000001070160027d7d017d03020100070501016600000a160114002000fd132000fd132001fd13fd8502fd1f000b';

/** The first V8 that was seen to keep the sums of 6 rows in registers (bench/NOTES.md), which is that of Chrome 136. */
const TALL_V8 = 13.6;

/** Returns whether `relaxed_madd` rounds once. */
function fuses(): boolean {
  const bytes = Uint8Array.from(MADD.match(/../g) as string[], (byte) => Number.parseInt(byte, 16));
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return (f as (x: number, y: number) => number)(1 + 2 ** -12, -(1 + 2 ** -11)) !== 0;
}

/** Returns the version of V8, as in 13.6; undefined in other engines. */
export function v8Version(agent = '', versions: Record<string, string | undefined> = {}): number | undefined {
  const chrome = /Chrom(?:e|ium)\/(\d+)/.exec(agent)?.[1];
  if (chrome !== undefined) return Number(chrome) / 10;
  // Bun reports the version of the V8 that it imitates.
  if (versions.v8 === undefined || versions.bun !== undefined) return undefined;
  return Number.parseFloat(versions.v8);
}

interface Engine {
  readonly v8?: number | undefined;
  readonly fuses: boolean;
}

function thisEngine(): Engine {
  checkRelaxedSimd();
  const { navigator, process } = globalThis as {
    readonly navigator?: { readonly userAgent?: string };
    readonly process?: { readonly versions?: Record<string, string | undefined> };
  };
  return { v8: v8Version(navigator?.userAgent, process?.versions), fuses: fuses() };
}

/**
 * Finds what is fastest here: an engine or processor that rounds products before it adds them gains nothing by relaxed
 * SIMD, and one that keeps the sums of 6 rows in memory takes twice the time of tiles of 4.
 * @throws BackendError where the engine has no relaxed SIMD.
 */
export function planFast({ v8, fuses }: Engine = thisEngine()): FastPlan {
  if (!fuses) {
    const reason =
      'This engine has relaxed SIMD, but rounds products before it adds them: taking exact arithmetic, which is as fast.';
    return { math: 'exact', tall: false, reason };
  }
  const tall = v8 !== undefined && v8 >= TALL_V8;
  const engine = v8 === undefined ? 'this engine' : `V8 ${v8.toFixed(1)}`;
  const reason = tall
    ? `Fused multiply-add in tiles of 6 rows, whose sums ${engine} keeps in registers.`
    : `Fused multiply-add in tiles of 4 rows: ${engine} is not known to keep the sums of 6 in registers.`;
  return { math: 'fast', tall, reason };
}
