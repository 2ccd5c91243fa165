/** A text that cells have, how many, and the first of them. */
export interface Found {
  readonly text: string;
  count: number;
  readonly row: number;
}

/** And the number that it was read as. */
export interface FoundValue extends Found {
  readonly value: number;
}

/** Collects remarks about the cells of one column, in the order of rows. */
export class Findings {
  /** Common markers that were taken for missing values. */
  readonly marks = new Map<string, Found>();
  /** Whole numbers that float64 does not hold. */
  beyond: FoundValue | undefined;
  /** Whole numbers beyond 2^53 that came as numbers, whose last digits may have been others. */
  unsafe: FoundValue | undefined;
  /** Values that are written otherwise than most are: 12%, 31/12/2024. */
  spelled: FoundValue | undefined;

  mark(text: string, row: number, count = 1): void {
    const found = this.marks.get(text);
    if (found) found.count += count;
    else this.marks.set(text, { text, count, row });
  }

  rounded(text: string, value: number, row: number, count = 1): void {
    if (this.beyond) this.beyond.count += count;
    else this.beyond = { text, value, row, count };
  }

  written(text: string, value: number, row: number, count = 1): void {
    if (this.spelled) this.spelled.count += count;
    else this.spelled = { text, value, row, count };
  }
}
