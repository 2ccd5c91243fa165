import type { coreCases } from './core.js';
import type { fitWork } from './fit-cost.js';
import type { Case } from './measure.js';
import type { savingWork } from './saving.js';
import type { stagingWork } from './staging.js';
import type { threadCases } from './threads.js';
import type { remoteWork } from './worker.js';

/** What `library.ts` exports: bundled with the sources here and, by `bundle-before.js`, with another build of the package. */
export interface Library {
  readonly coreCases: typeof coreCases;
  readonly fitWork: typeof fitWork;
  readonly savingWork: typeof savingWork;
  readonly stagingWork: typeof stagingWork;
  readonly threadCases: typeof threadCases;
  readonly remoteWork: typeof remoteWork;
}

/** Another build of the package, which the same benchmarks measure in the same process. */
export class Before {
  private constructor(
    /** The package's folder. */
    readonly root: string,
    private readonly library: Library,
  ) {}

  static async load(root: string): Promise<Before> {
    const bundle = new URL('./before/library.js', import.meta.url).href;
    return new Before(root, (await import(bundle)) as Library);
  }

  /** What `make` returns; undefined, and a line on stderr, where that build cannot do it. */
  async attempt<T>(name: string, make: (library: Library) => T | Promise<T>): Promise<T | undefined> {
    try {
      return await make(this.library);
    } catch (error) {
      return refuse(name, error);
    }
  }

  /** By case, the case of the same name of that build, prepared; what that build cannot do is left out, with a line on stderr. */
  pair(cases: readonly Case[], theirs: readonly Case[]): ReadonlyMap<Case, Case> {
    const byName = new Map(theirs.map((item) => [item.name, item]));
    const pairs = new Map<Case, Case>();
    for (const item of cases) {
      const rival = byName.get(item.name);
      if (rival === undefined) continue;
      try {
        const run = rival.prepare();
        pairs.set(item, { name: `${item.name} before`, quick: item.quick, prepare: () => run });
      } catch (error) {
        refuse(item.name, error);
      }
    }
    return pairs;
  }
}

function refuse(name: string, error: unknown): undefined {
  console.error(`The build before cannot do "${name}": ${error instanceof Error ? error.message : error}`);
}

/** Each case, and after it what it is compared with. */
export function withRivals(cases: readonly Case[], rivals: ReadonlyMap<Case, Case> = new Map()): readonly Case[] {
  return cases.flatMap((item) => [item, ...(rivals.has(item) ? [rivals.get(item)!] : [])]);
}
