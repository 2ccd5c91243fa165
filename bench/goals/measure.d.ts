/** A line of the table of goals; `seen` is null where it could not be measured, for a reason. */
export interface Goal {
  readonly row: string;
  readonly seen: number | null;
  readonly goal: number | null;
  readonly met: boolean;
  readonly reason?: string;
}

/** See measure.js. */
export function measureGoals(options: {
  readonly before?: string;
  readonly engines?: readonly string[];
  readonly only?: RegExp;
}): readonly Goal[];

/** See measure.js. */
export function formatGoals(goals: readonly Goal[]): string;
