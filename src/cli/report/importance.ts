import type { Importance, TabularRecord } from '../../data/index.js';
import { escaped, image, named } from '../../insight/charts/index.js';
import { importanceText, importanceUnit } from '../importance-text.js';

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

/**
 * Renders what predictions lose when a column is shuffled: as bars, or, where the columns are the pixels of an image, as an
 * image.
 */
export function importanceSection(
  importance: readonly Importance[],
  { task }: TabularRecord,
  pixels: Pixels | undefined,
  rows: string,
): string {
  if (importance.length === 0) return '';
  const told = (item: Importance) => importanceText(item, task);
  const blocks = importance.filter(({ columns }) => columns);
  const what = blocks.length > 0 ? 'neighbouring columns are shuffled together' : 'a column is shuffled';
  const head = `<h2>Importance</h2><p>What is lost on ${escaped(rows)} when ${what}: ${importanceUnit(task)}, with the standard deviation over repeats. Columns that say the same hide one another.</p>`;
  if (pixels) {
    const of = new Map(
      importance.flatMap((item) => (item.columns ?? [item.column]).map((name) => [name, item] as const)),
    );
    const most = told(importance[0]!);
    const items = pixels.names.map((name) => of.get(name));
    return `${head}${image({
      title: `Importance of ${pixels.width} x ${pixels.height} points`,
      note: `the full colour is the most, ${most}; blank is 0, less, or not measured`,
      width: pixels.width,
      height: pixels.height,
      values: items.map((item) => item?.importance ?? 0),
      describe: (i) => `${pixels.names[i]}: ${items[i] ? told(items[i]!) : 'not measured'}`,
    })}`;
  }
  const listed = importance.slice(0, MOST);
  const most = listed.reduce((high, item) => Math.max(high, item.importance), 1e-12);
  const bars = listed.map((item) => {
    const width = Math.max(0, (100 * item.importance) / most).toFixed(1);
    return `<tr><td>${named(item.column)}</td><td class="bar"><div style="width:${width}%"></div></td><td>${escaped(told(item))}</td></tr>`;
  });
  const rest = importance.length - listed.length;
  const more = rest > 0 ? `<p>${rest} more columns matter less.</p>` : '';
  return `${head}<div class="wide"><table class="bars">${bars.join('')}</table></div>${more}`;
}
