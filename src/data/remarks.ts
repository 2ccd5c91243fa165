import type { Doubts } from './cells/doubts.js';
import type { Findings, Found } from './cells/findings.js';
import { isCommonMarker } from './cells/markers.js';
import type { Column, ColumnKind } from './column.js';
import { shorten } from './data-error.js';

/** An option of readers that a remark advises. */
export type Advised = 'columns' | 'missing' | 'decimal' | 'thousands' | 'dateFormat';

/** Words an option for a column, in code or as a flag; `value` may be a kind, of `columns`. */
export type Say = (option: Advised, value: string, column: string) => string;

const inQuotes = (text: string) => (text.includes("'") ? `"${text}"` : `'${text}'`);

/** As an option of a function. */
export const sayOption: Say = (option, value, column) => {
  const shown = inQuotes(value);
  if (option === 'missing') return `missing: [${shown}]`;
  const name = /^[a-z_$][\w$]*$/i.test(column) ? column : inQuotes(shorten(column));
  return option === 'columns' ? `columns: { ${name}: ${shown} }` : `${option}: ${shown}`;
};

/** A row, or the line of a file in which it begins. */
export type PlaceOf = (row: number) => string;

/** Remembers the remarks made about the columns of a stream, so that each is made once. */
export class Said {
  readonly #keys = new Set<string>();

  /** Returns whether something is said for the first time. */
  first(column: string, what: string): boolean {
    const key = JSON.stringify([column, what]);
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    return true;
  }
}

/** Describes how the cells of a column were read. */
interface HowRead {
  readonly thousands?: string | undefined;
  readonly order?: string | undefined;
  /** The remarks already made, where the column is part of a stream, whose number of cells is not known in advance. */
  readonly said?: Said | undefined;
}

/** Lists the readings of a column that may surprise, as sentences. */
export function factsOf(
  name: string,
  kind: ColumnKind,
  { marks, beyond, unsafe, spelled }: Findings,
  placeOf: PlaceOf,
  { thousands, order, said }: HowRead = {},
): readonly string[] {
  const column = `'${shorten(name)}'`;
  const shown = (value: number) => (kind === 'date' ? dateText(value) : String(value));
  const isNew = (what: string) => said?.first(name, what) ?? true;
  const cells = ({ count, row }: Pick<Found, 'count' | 'row'>) =>
    `${said ? '' : `${count} cell${count === 1 ? '' : 's'}, `}first in ${placeOf(row)}`;
  const facts = [...marks.values()]
    .filter((mark) => isNew(`missing ${mark.text}`))
    .map((mark) => `${column}: '${shorten(mark.text)}' is taken for a missing value (${cells(mark)})`);
  if (spelled && isNew('spelled')) {
    const how =
      kind === 'date'
        ? order === undefined
          ? ''
          : ` in the ${order.length === 3 ? 'order' : 'format'} ${order}`
        : thousands
          ? ` with ${inQuotes(thousands)} between thousands`
          : '';
    facts.push(`${column} is read as ${kind}s${how}: '${shorten(spelled.text)}' is ${shown(spelled.value)}`);
  }
  if (beyond && isNew('beyond')) {
    facts.push(
      `${column}: whole numbers beyond 2^53 are rounded: '${shorten(beyond.text)}' is read as ${Number.isFinite(beyond.value) ? BigInt(beyond.value) : beyond.value} (${cells(beyond)})`,
    );
  }
  if (unsafe && isNew('unsafe')) {
    facts.push(
      `${column}: whole numbers beyond 2^53 came as numbers, whose last digits may have been others: ${unsafe.text} (${cells(unsafe)}); pass such ids as texts or bigint`,
    );
  }
  return facts;
}

/** Returns the first text of a column that does not stand for a missing value. */
export function lateText(column: Column): string | undefined {
  return column.kind === 'category' ? column.categories.find((text) => !isCommonMarker(text)) : undefined;
}

/** Words the remark about a column of a stream whose first rows are all missing. */
export function lateRemark(name: string, text: string): string {
  return `'${shorten(name)}' is read as texts, since the first rows have no value and the first is '${shorten(text)}'; ${sayOption('columns', 'number', name)} reads numbers`;
}

function dateText(value: number): string {
  return Math.abs(value) <= 8.64e15 ? new Date(value).toISOString().replace(/T00:00:00\.000Z$/, '') : String(value);
}

/** Why a column holds texts that might be something else, and what to say if it is. */
export function remarksOn(name: string, doubts: Doubts, say: Say = sayOption): readonly string[] {
  const column = `'${shorten(name)}'`;
  const texts = `${column} is read as texts`;
  const at = (line: number | undefined, row: number) => (line === undefined ? `row ${row}` : `line ${line}`);
  const remarks: string[] = [];
  const {
    odd,
    decimal,
    thousands,
    dateFormats,
    orders,
    padded,
    beyond,
    units,
    decimals,
    months,
    times,
    unit,
    word,
    marks = [],
  } = doubts;
  if (odd) {
    const { count, of, text, row, line, cells, are = 'numbers' } = odd;
    const times = `${cells} cell${cells === 1 ? '' : 's'}`;
    remarks.push(
      `${texts}, though ${of - count} of ${of} are ${are}: the first other is '${shorten(text)}' (${times}) in ${at(line, row)}; if such texts mean a missing value, say ${say('missing', text, name)}`,
    );
  }
  if (decimal && thousands) {
    remarks.push(
      `${texts}, though all would be numbers with ${say('decimal', decimal, name)} and ${say('thousands', thousands, name)}`,
    );
  } else if (decimal) {
    remarks.push(`${texts}, though all would be numbers with ${say('decimal', decimal, name)}`);
  } else if (thousands) {
    remarks.push(`${texts}, though all would be numbers with ${say('thousands', thousands, name)}`);
  }
  if (dateFormats) {
    const options = dateFormats.map((format) => say('dateFormat', format, name)).join(' or ');
    const parts = dateFormats.includes('YMD') ? 'day, month and year may be any' : 'day and month may be either';
    remarks.push(`${texts}, though all are dates, of which ${parts}: say ${options}`);
  }
  if (orders) {
    const [day, month] = orders.map((text) => `'${shorten(text)}'`);
    remarks.push(`${texts}, though all are dates, since the day comes first in ${day} and the month in ${month}`);
  }
  if (months !== undefined) {
    remarks.push(
      `${texts}, which look like dates, but months have names in English only: '${shorten(months)}' is none; write the month as a number, such as 2024-05-31`,
    );
  }
  if (times !== undefined) {
    remarks.push(
      `${texts}, which look like dates or times, but '${shorten(times)}' is not read as one; write dates such as 2024-05-31 or 2024-05-31T10:00:00+02:00, or numbers`,
    );
  }
  if (unit !== undefined) {
    remarks.push(
      `${texts}, though all would be numbers without '${shorten(unit)}'; take it out of the cells to learn from numbers`,
    );
  }
  if (padded) {
    const { text, count, row, line } = padded;
    remarks.push(
      `${texts}, since '${shorten(text)}' begins with 0 as codes do (${count} cell${count === 1 ? '' : 's'}, first in ${at(line, row)}); ${say('columns', 'number', name)} reads numbers`,
    );
  }
  if (beyond) {
    const { text, count, row, line } = beyond;
    remarks.push(
      `${texts}, since '${shorten(text)}' is beyond 2^53, where numbers are rounded (${count} cell${count === 1 ? '' : 's'}, first in ${at(line, row)}); ${say('columns', 'number', name)} rounds them`,
    );
  }
  if (units)
    remarks.push(`${texts}, since numbers have several units: '${shorten(units[0])}' and '${shorten(units[1])}'`);
  if (decimals) {
    const [comma, point] = decimals.map((text) => `'${shorten(text)}'`);
    remarks.push(`${texts}, since decimals follow a comma in ${comma} and after a point in ${point}`);
  }
  if (word !== undefined) {
    remarks.push(
      `${texts}, since '${shorten(word)}' is the only one; ${say('columns', 'boolean', name)} reads booleans`,
    );
  }
  for (const mark of marks) {
    const { text, count, row, line } = mark;
    remarks.push(
      `${column}: '${shorten(text)}' (${count} cell${count === 1 ? '' : 's'}, first in ${at(line, row)}) is a category; ${say('missing', text, name)} if it means a missing value`,
    );
  }
  return remarks;
}
