/** What can be listed and chosen. */
export interface Named {
  readonly name: string;
  /** Part of the quick run. */
  readonly quick: boolean;
}

/** Something to time. Costly set-up waits for `prepare`, so that cases can be listed and left out. */
export interface Case extends Named {
  /** Returns the work; throws where it does not do what it should. */
  prepare(): () => void;
}

export interface Effort {
  readonly rounds: number;
  /** Least duration of a sample. */
  readonly sampleMs: number;
  readonly warmUpMs: number;
  /** A case that has taken this long leaves after `fewest` samples. */
  readonly budgetMs: number;
  readonly fewest: number;
}

interface Subject {
  readonly item: Case;
  readonly run: () => void;
  readonly repeats: number;
  readonly samples: number[];
  spent: number;
}

/** Milliseconds of `repeats` runs. */
function time(run: () => void, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) run();
  return performance.now() - start;
}

/** Runs until compilers have had their time, then says how many runs make a sample. */
function warmUp(run: () => void, { warmUpMs, sampleMs }: Effort): number {
  let repeats = 1;
  let left = warmUpMs;
  for (;;) {
    const taken = time(run, repeats);
    left -= taken;
    if (left <= 0) return Math.max(1, Math.ceil((sampleMs * repeats) / Math.max(taken, 1e-3)));
    if (taken < sampleMs) repeats *= 2;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Times all cases in turns, round by round, so that a slow spell of the machine falls on all alike and the median
 * passes over it. Every other round goes backwards, so that of a case and the same case of another build each comes first
 * as often as the other. Returns medians in microseconds per run.
 */
export function measure(cases: readonly Case[], effort: Effort): Map<Case, number> {
  const runs = cases.map((item) => {
    const run = item.prepare();
    warmUp(run, effort);
    return run;
  });
  // Again: code that was compiled for the first cases is given up when it meets objects of the later ones.
  const subjects = cases.map((item, i): Subject => {
    const run = runs[i]!;
    return { item, run, repeats: warmUp(run, effort), samples: [], spent: 0 };
  });
  const backwards = subjects.toReversed();
  for (let round = 0; round < effort.rounds; round++) {
    for (const subject of round % 2 === 0 ? subjects : backwards) {
      const { run, repeats, samples } = subject;
      if (subject.spent > effort.budgetMs && samples.length >= effort.fewest) continue;
      // What ran in between has filled the caches with its own, and in training a step follows its like. Twice, because
      // a last-level cache that takes what the second evicts is not filled by one pass.
      run();
      run();
      const taken = time(run, repeats);
      subject.spent += taken;
      samples.push((taken / repeats) * 1e3);
    }
  }
  return new Map(subjects.map(({ item, samples }) => [item, median(samples)]));
}
