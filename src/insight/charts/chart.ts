/** Colours by meaning; pages in the dark have others of the same names. */
export type Tone = 'muted' | 'first' | 'second' | 'third' | 'fourth' | 'fifth' | 'sixth' | 'seventh' | 'eighth';

export const TONES = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'] as const;

export interface Axis {
  /** Names what is measured, with its unit. */
  readonly label: string;
  /** The two ends of the axis; default those of the data, rounded. */
  readonly min?: number;
  readonly max?: number;
  /** Ticks are whole numbers. */
  readonly whole?: boolean;
  /** Numbers are milliseconds since 1970 (UTC), and are shown as dates. */
  readonly dates?: boolean;
}

/** A number for each `x`; `null` and numbers that are not finite leave a gap. */
export type Values = readonly (number | null)[] | Float64Array;

/** The layers between the axes, the first below the others. */
export type Layer = { readonly label: string; readonly tone: Tone } & (
  | { readonly kind: 'line'; readonly x: Values; readonly y: Values; readonly dashed?: boolean }
  | { readonly kind: 'points'; readonly x: Values; readonly y: Values }
  | { readonly kind: 'band'; readonly x: Values; readonly low: Values; readonly high: Values }
  /** A vertical line at each `x`. */
  | { readonly kind: 'marks'; readonly x: Values }
);

/** A chart as plain data. */
export interface Chart {
  readonly title: string;
  /** Says which rows it is of, and what else a reader must know. */
  readonly note?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly layers: readonly Layer[];
}
