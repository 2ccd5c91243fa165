import { DataError } from '../data-error.js';

/** Recognizes files that are not tables of lines, by their first line that is not blank. */
const FORMATS: readonly (readonly [pattern: RegExp, what: string, hint: string])[] = [
  [/^(?:\{ ?"|\[ ?[[{\]]|[[{]$)/, 'JSON', "For JSON say format: 'json' to readTable, or call readJson."],
  [/^<(?:!doctype html|html|head|body|table)\b/i, 'HTML', 'Is it the page of an error, or one that shows a table?'],
  [/^<\?xml\b/i, 'XML', 'Save it as CSV.'],
  [/^version https:\/\/git-lfs\.github\.com\//, 'a pointer of Git LFS, not the file', 'Fetch it: git lfs pull.'],
  [/^@relation\b/i, 'ARFF', 'The rows are below @data: leave out the lines above with skipLines.'],
];

/** A target, and numbers by their column: 1 3:0.5 7:2. */
const SPARSE = /^[-+]?[\d.]+(?: +qid:\d+)?(?: +\d+:[-+]?[\d.]+(?:e[-+]?\d+)?)+ *(?:#.*)?$/i;
const SPARSE_HINT =
  'It names the columns of the numbers that are not 0: write all of them in rows, as load_svmlight_file of scikit-learn and toarray() give them.';

const LINES = ['JSON Lines', "For JSON say format: 'jsonLines' to readTable, or call readJsonLines."] as const;

/** Refuses what is another format. @throws DataError for a file of another format. */
export function checkFormat(beginning: readonly string[], source: string, line: number): void {
  const lines = beginning.filter((text) => text !== '' && !text.startsWith('%'));
  const [first = '', second = ''] = lines;
  const sparse = SPARSE.test(first) && (second === '' || SPARSE.test(second));
  const found = sparse ? ([SPARSE, 'LIBSVM', SPARSE_HINT] as const) : FORMATS.find(([pattern]) => pattern.test(first));
  if (!found) return;
  const inLines = first.startsWith('{') && first.endsWith('}') && second.startsWith('{');
  const [what, hint] = inLines ? LINES : [found[1], found[2]];
  throw new DataError({ code: 'syntax', source, line, column: 1, problem: `this is ${what}, and no CSV`, hint });
}

/** Characters that separate fields in some files, but stand in texts as well. */
const RARE = ['^', '~', '#', '!', '&', '*', '='];

const counted = (text: string, character: string) => text.split(character).length - 1;

/** Returns remarks about lines that each have only one field. */
export function uncutNotes(lines: readonly string[]): string[] {
  if (lines.length < 2) return [];
  const even = (character: string, texts: readonly string[]) => {
    const count = counted(texts[0]!, character);
    return count > 0 && texts.every((text) => counted(text, character) === count);
  };
  const whole = lines.every((line) => /^".*"$/.test(line));
  const by = whole ? [',', ';', '\t', '|'].find((character) => even(character, lines)) : undefined;
  if (by !== undefined) {
    const shown = by === '\t' ? 'a tab' : `'${by}'`;
    return [
      `each line is in quotes as a whole, so that ${shown} in it separates nothing: write the quotes around fields`,
    ];
  }
  const sign = RARE.find((character) => even(character, lines));
  if (sign === undefined) return [];
  return [
    `lines are not cut, though '${sign}' occurs equally often in each of them: separator: '${sign}' if it separates`,
  ];
}

/** Returns remarks about quotes in the fields of the first line. */
export function quoteNotes(first: readonly string[]): string[] {
  if (first.length === 0 || !first.every((text) => /^(?:'.*'|[\u2018\u201c].*[\u2019\u201d])$/.test(text))) return [];
  return [`the quotes around ${first[0]} are characters like others, since only double quotes enclose fields`];
}
