import type { Axis, Chart, Layer, Values } from './chart.js';
import { format, nice, precisionFixed, ticks } from './d3.js';

/** Places numbers between the two ends of an axis. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** Maps a value to 0 at `min` up to 1 at `max`. */
  place(value: number): number;
}

/** Labels that fit a chart 300 pixels wide. */
const TICKS = 5;

const valuesOf: Record<'x' | 'y', (layer: Layer) => readonly Values[]> = {
  x: ({ x }) => [x],
  y: (layer) => (layer.kind === 'band' ? [layer.low, layer.high] : layer.kind === 'marks' ? [] : [layer.y]),
};

function extent(lists: readonly Values[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const value of list) {
      if (value === null || !Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Formats numbers as short as their distance allows: 0.25, 1,200, 3.5M, 2e-9. */
function labels(at: readonly number[]): readonly string[] {
  const step = at.length > 1 ? (at[1] as number) - (at[0] as number) : (at[0] ?? 1);
  const most = Math.max(...at.map(Math.abs));
  // Numbers that are far from 0 compared with the distance between them keep their digits.
  if (most >= 1e15 || (most > 0 && most < 1e-4)) return at.map((value) => String(Number(value.toPrecision(6))));
  if (most < 1e5) return at.map(format(`,.${precisionFixed(step)}f`));
  const [unit, letter] = most >= 1e12 ? [1e12, 'T'] : most >= 1e9 ? [1e9, 'G'] : most >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
  const digits = precisionFixed(step / unit);
  if (digits > 3) return at.map(format(',.0f'));
  return at.map((value) => `${format(`,.${digits}f`)(value / unit)}${letter}`);
}

/** The last millisecond that is a date. */
const LAST_DATE = 8.64e15;
const [DAY, HOUR, SECOND] = [86_400_000, 3_600_000, 1000];
/** Labels of dates below a chart 300 pixels wide. */
const DATES = 3;

/** Returns the scale of dates: ticks at whole days where there are some, else hours or seconds. */
function dateScale(low: number, high: number, side: 'x' | 'y'): Scale {
  const span = high - low;
  const unit = span >= 2 * DAY ? DAY : span >= 2 * HOUR ? HOUR : SECOND;
  const room = low === high ? unit : 0;
  const [min, max] = nice((low - room) / unit, (high + room) / unit, DATES) as [number, number];
  const at = ticks(min, max, side === 'x' ? DATES : TICKS).filter(
    (value) => unit === SECOND || Number.isInteger(value),
  );
  const text = (value: number) => {
    const date = new Date(value * unit);
    if (Number.isNaN(date.getTime())) return '';
    const [day, time] = date.toISOString().split('T') as [string, string];
    return unit === DAY ? day : unit === HOUR ? `${day.slice(-5)} ${time.slice(0, 5)}` : time.slice(0, 8);
  };
  const place = (value: number) => (value / unit - min) / (max - min);
  return {
    min: min * unit,
    max: max * unit,
    ticks: at.map((at) => ({ at: (at - min) / (max - min), text: text(at) })),
    place,
  };
}

/** Returns the scale of one side of a chart. */
export function scaleOf(chart: Chart, side: 'x' | 'y'): Scale {
  const axis: Axis = chart[side];
  let [low, high] = extent(chart.layers.flatMap(valuesOf[side]));
  if (axis.dates && Math.abs(low) <= LAST_DATE && Math.abs(high) <= LAST_DATE) return dateScale(low, high, side);
  if (low === high) {
    const room = Math.abs(low) * 1e-3 || 1;
    [low, high] = [low - room, high + room];
  }
  // Halves are used since the distance between the largest numbers is infinite.
  const [niceLow, niceHigh] = nice(low / 2, high / 2, TICKS).map((value) => 2 * value);
  const min = axis.min ?? (Number.isFinite(niceLow) ? (niceLow as number) : low);
  const max = axis.max ?? (Number.isFinite(niceHigh) ? (niceHigh as number) : high);
  const wide = !Number.isFinite(max - min);
  const all = wide ? ticks(min / 2, max / 2, TICKS).map((value) => 2 * value) : ticks(min, max, TICKS);
  const at = axis.whole ? all.filter(Number.isInteger) : all;
  const texts = labels(at);
  const place = (value: number) => (value / 2 - min / 2) / (max / 2 - min / 2);
  return { min, max, ticks: at.map((tick, i) => ({ at: place(tick), text: texts[i] as string })), place };
}
