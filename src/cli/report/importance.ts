import type { Importance, TabularRecord } from '../../data/index.js';
import { escaped, image } from '../../insight/charts/index.js';

/** Columns that are listed at most. */
const MOST = 30;
/** Columns that are taken for the points of an image at least. */
const FEWEST_PIXELS = 36;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Columns from the top left, row by row. */
  readonly names: readonly string[];
}

/**
 * Columns of an image, told by their names: one beginning with numbers in a row, as many as a square has points (pixel0 to
 * pixel783), or places (1x1 to 28x28). `names` are all that rows had, of which `inputs` leaves out those of one value.
 */
export function pixelsOf(
  names: readonly string[],
  inputs: readonly { readonly name: string; readonly kind: string }[],
): Pixels | undefined {
  if (names.length < FEWEST_PIXELS || inputs.some(({ kind }) => kind !== 'number')) return undefined;
  const places = names.map((name) => /^(.*?)(\d{1,7})[x_,](\d{1,7})$/.exec(name));
  if (places.every((place) => place !== null && place[1] === places[0]![1])) {
    const rows = [...new Set(places.map((place) => Number(place![2])))];
    const across = [...new Set(places.map((place) => Number(place![3])))];
    if (rows.length * across.length !== names.length) return undefined;
    const [top, left] = [Math.min(...rows), Math.min(...across)];
    const placed = new Array<string | undefined>(names.length).fill(undefined);
    places.forEach((place, i) => {
      placed[(Number(place![2]) - top) * across.length + Number(place![3]) - left] = names[i];
    });
    const all = placed.flatMap((name) => name ?? []);
    return all.length === names.length ? { width: across.length, height: rows.length, names: all } : undefined;
  }
  const side = Math.sqrt(names.length);
  if (!Number.isInteger(side)) return undefined;
  const counted = names.map((name) => /^(.*?)(\d{1,7})$/.exec(name));
  const first = Number(counted[0]?.[2]);
  const inARow = counted.every((match, i) => match?.[1] === counted[0]?.[1] && Number(match?.[2]) === first + i);
  return inARow ? { width: side, height: side, names } : undefined;
}

export interface Unit {
  /** What an importance is, after its number. */
  readonly text: string;
  readonly factor: number;
  readonly meaning: string;
}

/** What the numbers of importance mean, for a task. */
export function unitOf(task: TabularRecord['task']): Unit {
  return task === 'classification'
    ? { text: 'points', factor: 100, meaning: 'percentage points of accuracy that are lost' }
    : { text: '%', factor: 100, meaning: 'percent by which the root mean squared error grows' };
}

const digits = (value: number) =>
  Math.abs(value) >= 10 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 1 ? 1 : 2);

/** What predictions lose when a column is shuffled, as bars or, of the points of an image, as an image. */
export function importanceSection(
  importance: readonly Importance[],
  { task }: TabularRecord,
  pixels: Pixels | undefined,
  rows: string,
): string {
  if (importance.length === 0) return '';
  const { text, factor, meaning } = unitOf(task);
  const told = ({ importance: mean, deviation }: Importance) =>
    `${digits(factor * mean)} \u00b1 ${digits(factor * deviation)} ${text}`;
  const head = `<h2>Importance</h2><p>What is lost on ${escaped(rows)} when a column is shuffled: ${meaning}, with the standard deviation over repeats. Columns that say the same hide one another.</p>`;
  if (pixels) {
    const of = new Map(importance.map((item) => [item.column, item]));
    const items = pixels.names.map((name) => of.get(name));
    return `${head}${image({
      title: `Importance of ${pixels.width} x ${pixels.height} points`,
      width: pixels.width,
      height: pixels.height,
      values: items.map((item) => item?.importance ?? 0),
      describe: (i) => `${pixels.names[i]}: ${items[i] ? told(items[i]) : 'one value only'}`,
    })}`;
  }
  const listed = importance.slice(0, MOST);
  const most = listed.reduce((high, item) => Math.max(high, item.importance), 1e-12);
  const bars = listed.map((item) => {
    const width = Math.max(0, (100 * item.importance) / most).toFixed(1);
    return `<tr><td>${escaped(item.column)}</td><td class="bar"><div style="width:${width}%"></div></td><td>${escaped(told(item))}</td></tr>`;
  });
  const rest = importance.length - listed.length;
  const more = rest > 0 ? `<p>${rest} more columns matter less.</p>` : '';
  return `${head}<div class="wide"><table class="bars">${bars.join('')}</table></div>${more}`;
}
