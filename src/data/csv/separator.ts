import { textEncoder } from '../../realms.js';
import { parseNumber } from '../cells/scalars.js';
import { QUOTE } from './byte-codes.js';
import type { Head, HowCut, Sample } from './head.js';

const CANDIDATES = [',', ';', '\t', '|', ':', ' '];
const LOOK = 30;
/** Lines among which a table may begin. */
const TITLES = 60;

/** Describes how the lines of a file are cut, and where its table begins. */
export interface Layout extends HowCut {
  /** Lines above the table. */
  readonly skip: number;
  /** Says whether the first line has one field less than the others, whose first is a name of the row. */
  readonly rowNames: boolean;
  /** Says whether a separator ends the lines below the first. */
  readonly trailing: boolean;
  readonly notes: readonly string[];
}

interface Given {
  readonly separator: string | undefined;
  readonly quote: boolean | undefined;
  readonly decimalComma: boolean;
  /** Says whether titles may be looked for. */
  readonly titles: boolean;
  /** Says whether a first line without an equal may hold names. */
  readonly named: boolean;
}

const shown = (separator: string) => (separator === '\t' ? 'tab' : `'${separator}'`);

function countsOf({ rows }: Sample): number[] {
  return rows.map((row) => row.length);
}

/** Returns the separators that may be, with what they make of the first lines. */
function candidatesOf(head: Head, { separator, quote, decimalComma }: Given): (HowCut & { sample: Sample })[] {
  const separators = separator === undefined ? CANDIDATES : [separator];
  return separators.flatMap((sign) => {
    const how = { separator: sign, quote: quote ?? true };
    const sample = head.sample(how, LOOK);
    // Where commas are decimal separators, they separate fields only if fields that contain one are quoted.
    if (sign === ',' && separator === undefined && decimalComma && !sample.protects) return [];
    const found = [{ ...how, sample }];
    // In lines cut by tabs, quotes are usually plain characters.
    if (sign !== '\t' || quote !== undefined || !head.has(QUOTE)) return found;
    const bare = { separator: sign, quote: false };
    const plain = head.sample(bare, 1000);
    const full = head.sample(how, 1000);
    const counts = countsOf(plain);
    const even = counts.length > 0 && counts[0]! > 1 && counts.every((count) => count === counts[0]);
    const odd = full.flawed || full.protects || full.breaks || new Set(countsOf(full)).size > 1;
    const enclosed = (text: string) => text.length > 1 && text.startsWith('"') && text.endsWith('"');
    const habit = 2 * plain.rows.filter((row) => row.some(enclosed)).length > counts.length;
    return even && odd && !habit ? [{ ...bare, sample: head.sample(bare, LOOK) }] : found;
  });
}

function isNumber(text: string, comma = false): boolean {
  const bytes = textEncoder().encode(text);
  return !Number.isNaN(parseNumber(bytes, 0, bytes.length, comma));
}

/** Returns whether all fields but those of the first line are numbers with commas before decimals. */
function hasCommas({ rows }: Sample): boolean {
  const isCell = (text: string) => text === '' || isNumber(text, true);
  return rows.every((row, r) => (r === 0 && rows.length > 1) || row.every(isCell));
}

/** Returns the separator that cuts the most lines into equally many fields, more than one. */
function bestOf(candidates: readonly (HowCut & { sample: Sample })[]) {
  let best: (HowCut & { sample: Sample; share: number }) | undefined;
  for (const candidate of candidates) {
    const counts = countsOf(candidate.sample);
    const [first] = counts;
    if (first === undefined || first < 2) continue;
    const share = counts.filter((count) => count === first).length / counts.length;
    if (candidate.separator === ' ' && share < 1) continue;
    const decimals = candidate.separator === ';' && best?.separator === ',' && share >= best.share;
    if (!best || share > best.share + 0.05 || (decimals && hasCommas(candidate.sample))) best = { ...candidate, share };
  }
  return best;
}

/** Returns the index of the first row of those with as many fields as the last row of a sample. */
function tableStart({ rows }: Sample): number {
  const width = rows.at(-1)?.length ?? 0;
  let start = rows.length;
  while (start > 0 && rows[start - 1]!.length === width) start--;
  return start;
}

/** Finds another layout for a file whose lines do not all have as many fields as the first. */
function unevenOf(head: Head, how: HowCut, { titles, named }: Given, isHeader: IsHeader): Layout | undefined {
  const sample = head.sample(how, TITLES);
  const { rows, lines } = sample;
  const start = tableStart(sample);
  const width = rows.at(-1)?.length ?? 0;
  const below = rows.slice(start);
  if (start === 0 || width < 2 || below.length === 0) return undefined;
  const usual = { ...how, skip: 0, rowNames: false, trailing: false };
  if (start === 1 && rows[0]!.length === width - 1 && named && !(titles && isHeader(below))) {
    if (below.every((row) => row.at(-1) === '')) {
      const note = `the lines below the first end in ${shown(how.separator)}, with nothing after it`;
      return { ...usual, trailing: true, notes: [note] };
    }
    const labels = new Set(below.map(([label]) => label));
    if (below.length > 1 && labels.size === below.length && isTableOfR(head, how, below)) {
      const note = 'the first line has one field less than the others: their first field is a name of the row';
      return { ...usual, rowNames: true, notes: [note] };
    }
  }
  if (start === 1 && rows[0]!.length === width + 1 && rows[0]!.at(-1) === '') {
    return { ...usual, notes: [`the first line ends in ${shown(how.separator)}, with nothing after it`] };
  }
  if (!titles || below.length < 2 || start > 10 || rows.slice(0, start).some((row) => row.length >= width))
    return undefined;
  if (!isHeader(below)) return undefined;
  const skip = lines[start]! - head.line;
  return { ...usual, skip, notes: [titleNote(skip)] };
}

/**
 * Returns whether the first field of these rows may name them: one text under a heading may have separators in it, too.
 */
function isTableOfR(head: Head, { separator }: HowCut, rows: readonly (readonly string[])[]): boolean {
  const lines = head.lines(TITLES).filter((line) => line.trim() !== '');
  if (lines.length > 1 && lines.every((line) => line.startsWith('"'))) return true;
  if (rows[0]!.length === 2) return false;
  return separator !== ' ' || rows[0]!.some((_, c) => c > 0 && rows.every((row) => isNumber(row[c]!)));
}

const titleNote = (skip: number) =>
  `the first ${skip === 1 ? 'line is a title' : `${skip} lines are titles`} above the table, since they have fewer fields`;

/** Titles in a line that is filled up with separators, as spreadsheets write them. */
function paddedTitles(head: Head, how: HowCut, isHeader: IsHeader): number {
  const { rows, lines } = head.sample(how, TITLES);
  if ((rows[0]?.length ?? 0) < 3) return 0;
  let start = 0;
  while (start < rows.length && rows[start]!.filter((field) => field !== '').length <= 1) start++;
  if (start === 0 || start > 10 || start + 2 > rows.length) return 0;
  const below = rows.slice(start);
  return below[0]!.every((field) => field !== '') && isHeader(below) ? lines[start]! - head.line : 0;
}

/** Returns whether the first of these rows holds names beyond doubt. */
export type IsHeader = (rows: readonly string[][]) => boolean;

/** Finds separator, quotes and the first line of the table. */
export function findLayout(head: Head, given: Given, isHeader: IsHeader): Layout {
  const candidates = candidatesOf(head, given);
  const best = bestOf(candidates);
  if (!best || best.share < 0.9) {
    for (const { separator, quote } of candidates) {
      const uneven = unevenOf(head, { separator, quote }, given, isHeader);
      if (uneven) return { ...uneven, notes: [...uneven.notes, ...bareNotes(given, quote)] };
    }
  }
  const separator = best?.separator ?? given.separator ?? (given.decimalComma ? ';' : ',');
  const quote = best?.quote ?? candidates[0]?.quote ?? given.quote ?? true;
  const skip = best && given.titles ? paddedTitles(head, { separator, quote }, isHeader) : 0;
  const notes = [...(skip > 0 ? [titleNote(skip)] : []), ...bareNotes(given, quote)];
  return { separator, quote, skip, rowNames: false, trailing: false, notes };
}

/** Finds two characters in a row between all fields, as in `1::1193::5`, where no other character separates them. */
export function doubledIn(head: Head, { separator, quote }: HowCut): string | undefined {
  const lines = head.lines(LOOK).filter((line) => line.trim() !== '');
  if (!head.whole && lines.length === LOOK) lines.pop();
  const counts = countsOf(head.sample({ separator, quote }, LOOK));
  const cuts = counts[0] !== undefined && counts[0] > 1 && counts.every((count) => count === counts[0]);
  return ['::', '||'].find((pair) => {
    if (cuts && pair[0] !== separator) return false;
    const pieces = lines.map((line) => line.split(pair).length);
    if (pieces.length === 0 || pieces[0]! < 2 || pieces.some((count) => count !== pieces[0])) return false;
    // With a single separator between other fields, this is a field without a value.
    return !cuts || counts[0] === 2 * pieces[0]! - 1;
  });
}

function bareNotes(given: Given, quote: boolean): string[] {
  if (quote || given.quote !== undefined) return [];
  return ['quotes are characters like others, since tabs cut all lines into equally many fields then'];
}
