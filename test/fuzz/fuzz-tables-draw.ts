import type { Random } from '../support/buffers.js';

// Random tables, and how a file of them is written, for fuzz-tables.ts.

/** A value as it must come back; null where it is missing. */
export type Cell = string | number | boolean | null;

export interface DrawnColumn {
  /** As the file has it, and as it must come back. */
  readonly heading: string;
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'date' | 'category';
  /** As the file has them. */
  readonly texts: readonly string[];
  readonly cells: readonly Cell[];
  /** The report must say something of this column. */
  readonly remarked: boolean;
}

/** How a file is written. */
export interface Style {
  readonly separator: string;
  readonly decimal: '.' | ',';
  readonly end: string;
  readonly bom: '' | 'utf-8' | 'utf-16le' | 'utf-16be';
  readonly header: boolean;
  /** Texts of missing values; those of the reader's defaults where undefined. */
  readonly missing: readonly string[] | undefined;
  /** One in so many fields is quoted without need. */
  readonly quoted: number;
  readonly lastEnd: boolean;
  /** Blanks stand after separators. */
  readonly padded: boolean;
  /** The first line says the separator, as spreadsheets write it. */
  readonly sepLine: boolean;
  readonly comment: string | undefined;
  /** Nothing but what the file cannot tell is said to the reader. */
  readonly inferred: boolean;
}

export interface DrawnTable {
  readonly columns: readonly DrawnColumn[];
  readonly rows: number;
  readonly style: Style;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)]!;
const chance = (random: Random, of: number) => random.integer(of) === 0;
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const DEFAULTS = ['', '?', 'NA', 'N/A', '#N/A', 'NaN', 'nan', 'null', 'NULL'];
const OWN = [['-999'], ['missing', ''], ['k.A.', ''], ['.', '-'], ['', 'NA', '-1']];
const PIECES = [
  'a',
  'Z',
  'é',
  'Łódź',
  '日本',
  '😀',
  'ß',
  ' ',
  '  ',
  ',',
  ';',
  '\t',
  '|',
  ':',
  '"',
  '""',
  "'",
  '\n',
  '\r\n',
  '#',
  '%',
  '=',
  '\\',
  '.',
  '-',
  '1',
  '0.5',
  '\u00a0x',
  '\u200bx',
  '_',
  '(',
  ')',
  '&',
  '<b>',
  '\u0007',
];

/** A text that begins and ends with a letter, and in between has anything. */
function word(random: Random, lines: boolean): string {
  const pieces = many(random.integer(5), () => pick(random, PIECES)).filter((piece) => lines || !/[\r\n]/.test(piece));
  return `q${pieces.join('')}${pick(random, ['x', 'k', 'm'])}`;
}

function numbers(random: Random, decimal: string): () => [string, number] {
  const shape = random.integer(6);
  const digits = random.integer(5);
  return () => {
    const value = (2 * random.uniform() - 1) * 10 ** random.integer(6);
    const text =
      shape === 0
        ? String(Math.round(value))
        : shape === 1
          ? value.toFixed(digits)
          : shape === 2
            ? value.toExponential(digits)
            : shape === 3
              ? String(value)
              : shape === 4
                ? `${value < 0 ? '' : '+'}${value.toFixed(2)}`
                : String(random.integer(4));
    return [text.replace('.', decimal), Number(text)];
  };
}

const WORDS: readonly (readonly [string, string])[] = [
  ['false', 'true'],
  ['no', 'yes'],
  ['f', 't'],
  ['n', 'y'],
];

function booleans(random: Random): (i: number) => [string, boolean] {
  const words = pick(random, WORDS);
  const spell = pick(random, [
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => text[0]!.toUpperCase() + text.slice(1),
  ]);
  return (i) => {
    // Both words stand in the first rows.
    const value = i < 2 ? i === 1 : chance(random, 2);
    return [spell(words[value ? 1 : 0]!), value];
  };
}

function dates(random: Random): () => [string, number] {
  const shape = random.integer(3);
  return () => {
    const time = Date.UTC(1950 + random.integer(120), random.integer(12), 1 + random.integer(28), 0, 0, 0);
    const exact = time + random.integer(86_400) * 1000;
    const iso = new Date(exact).toISOString();
    if (shape === 0) return [iso.slice(0, 10), time];
    return [shape === 1 ? iso : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`, exact];
  };
}

function categories(random: Random, rows: number, inferred: boolean): (i: number) => [string, string] {
  const lines = !inferred || chance(random, 3);
  const few = many(1 + random.integer(8), () => word(random, lines));
  // Codes and numbers among texts stay as they are written.
  const codes = chance(random, 3)
    ? ['007', '1.50', '1e5', '12', 'true', 'no', '2024-01-05', '1,5', '9007199254740993']
    : [];
  // So many after them that some are texts, neither missing nor numbers.
  const late = codes.length > 0 && rows > 1040;
  return (i) => {
    // Numbers in the rows that kinds are inferred from, and texts only after them.
    if (late && i < 1001) return same(pick(random, ['1.50', '12', '7.0']));
    if (i === 0 || codes.length === 0) return same(pick(random, few));
    return same(pick(random, chance(random, 3) ? codes : few));
  };
}

/** Line ends within a field come back as \n. */
const unix = (text: string) => text.replaceAll('\r\n', '\n');
const same = (text: string): [string, string] => [text, unix(text)];

/** Texts that may mean more than one thing: the column stays as it is written, and the report says so. */
const AMBIGUOUS: readonly ((random: Random) => () => string)[] = [
  // Whole numbers that float64 does not hold.
  (random) => () => String(2n ** 53n + 1n + 2n * BigInt(random.integer(1000))),
  // Codes with a leading zero.
  (random) => () => `0${1 + random.integer(9)}${random.integer(10)}`,
  // Days and months that may change places.
  // Another day than month: a column of 8/8 and 6/6 has one reading.
  (random) => () => {
    const month = random.integer(12);
    return `${1 + month}/${1 + ((month + 1 + random.integer(11)) % 12)}/2024`;
  },
  // Two units.
  (random) => () => pick(random, ['$1.50', '2.50€', '£3.25']),
];

function ambiguous(random: Random): (i: number) => [string, string] {
  const draw = pick(random, AMBIGUOUS)(random);
  const fixed = ['$1.50', '2.50€'];
  return (i) => {
    const text = draw();
    // Both currencies stand in the first rows.
    return same(/[$€£]/.test(text) && i < 2 ? fixed[i]! : text);
  };
}

export function drawStyle(random: Random): Style {
  const inferred = chance(random, 2);
  const decimal = chance(random, 4) ? ',' : '.';
  const separator = pick(random, decimal === ',' ? [';', '\t', '|'] : [',', ',', ';', '\t', '|', ':']);
  return {
    separator: inferred && separator === ':' ? ',' : separator,
    decimal,
    end: pick(random, ['\n', '\n', '\r\n']),
    bom: chance(random, 3) ? pick(random, ['utf-8', 'utf-16le', 'utf-16be']) : '',
    header: inferred || !chance(random, 4),
    missing: chance(random, 3) ? pick(random, OWN) : undefined,
    quoted: pick(random, [1, 2, 5, 1000]),
    lastEnd: !chance(random, 3),
    padded: chance(random, 5),
    sepLine: inferred && chance(random, 8),
    comment: !inferred && chance(random, 6) ? pick(random, ['#', '//', '%']) : undefined,
    inferred,
  };
}

export function drawTable(random: Random): DrawnTable {
  const style = drawStyle(random);
  const rows = chance(random, 60) ? 1002 + random.integer(100) : (style.inferred ? 4 : 2) + random.integer(40);
  const count = (style.inferred ? 2 : 1) + random.integer(rows > 1000 ? 3 : 7);
  const marks = style.missing ?? DEFAULTS;
  // A line of one empty field is a blank line.
  const usable = count === 1 ? marks.filter((text) => text !== '') : marks;
  const columns = many(count, (c): DrawnColumn => {
    const kind = pick(random, ['number', 'number', 'boolean', 'date', 'category', 'category', 'ambiguous'] as const);
    const draw: (i: number) => [string, Cell] =
      kind === 'number'
        ? numbers(random, style.decimal)
        : kind === 'boolean'
          ? booleans(random)
          : kind === 'date'
            ? dates(random)
            : kind === 'category'
              ? categories(random, rows, style.inferred)
              : ambiguous(random);
    const rate = usable.length > 0 && chance(random, 2) ? random.uniform() * 0.5 : 0;
    const pairs = many(rows, (i): [string, Cell] => {
      const drawn = draw(i);
      // What is drawn may be a marker by its text or, of numbers, by its value.
      const marked =
        marks.includes(drawn[0]) ||
        (kind === 'number' && marks.some((text) => text !== '' && Number(text) === drawn[1]));
      if (marked) return [drawn[0], null];
      return i > 1 && random.uniform() < rate ? [pick(random, usable), null] : drawn;
    });
    const name = style.inferred
      ? `q${c}${pick(random, ['', ' a b', ' (cm)', 'é', '"q"', '.x'])}`
      : `${word(random, true)}${c}`;
    return {
      heading: name,
      name: style.header ? unix(name) : `column${c + 1}`,
      kind: kind === 'ambiguous' ? 'category' : kind,
      texts: pairs.map(([text]) => text),
      cells: pairs.map(([, cell]) => cell),
      remarked: kind === 'ambiguous',
    };
  });
  return { columns, rows, style };
}
