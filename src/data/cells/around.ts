import { digitsOf, numeralOf, THOUSANDS } from './numerals.js';
import { looksLikeTime } from './unread-dates.js';

const AROUND =
  /^([^\p{L}\d\s.,+-]{0,2})\s?([-+]?\d[\d.,]*)\s?([\p{L}%\u00b0\u00b2\u00b3\u2030/"'*\u2032\u2033+-]{0,10})$/u;

function isNumber(text: string): boolean {
  const numeral = numeralOf(text);
  if (!numeral) return false;
  return (['.', ','] as const).some((decimal) =>
    [undefined, ...THOUSANDS].some((thousands) => {
      return thousands !== decimal && digitsOf(numeral.core, { decimal, ...(thousands && { thousands }) }) !== '';
    }),
  );
}

/** Returns the texts before and after the number in a cell: 5 kg, 12x, <5. */
function around(text: string): readonly [before: string, after: string] | undefined {
  const match = AROUND.exec(text);
  if (!match || match[1]! + match[3]! === '' || !isNumber(match[2]!)) return undefined;
  return [match[1]!, match[3]!];
}

/** Returns the texts before or after the number in each of these cells, of which there are several. */
export function unitAround(texts: readonly string[]): string | undefined {
  const first = around(texts[0]!);
  if (texts.length < 2 || !first) return undefined;
  const all = texts.every((text) => {
    const [before, after] = around(text) ?? [];
    return before === first[0] && after === first[1];
  });
  return all ? first[0] || first[1] : undefined;
}

/** Texts that are no numbers, dates or booleans, but of one kind in at least half of the cells. */
export interface Alike {
  readonly are: string;
  is(text: string): boolean;
}

/** Numbers with a unit, or times, if at least half of the cells are such; `counts` are the cells of each text. */
export function mostlyAlike(texts: readonly string[], counts: ArrayLike<number>): Alike | undefined {
  const cells = new Map<string, [cells: number, texts: number]>();
  let all = 0;
  texts.forEach((text, i) => {
    all += counts[i]!;
    const unit = around(text);
    const kind = unit ? JSON.stringify(unit) : looksLikeTime(text) ? 'times' : undefined;
    if (kind === undefined || counts[i] === 0) return;
    const [sum, distinct] = cells.get(kind) ?? [0, 0];
    cells.set(kind, [sum + counts[i]!, distinct + 1]);
  });
  for (const [kind, [sum, distinct]] of cells) {
    if (2 * sum < all || distinct < 2) continue;
    if (kind === 'times') return { are: 'times', is: looksLikeTime };
    const [before, after] = JSON.parse(kind) as [string, string];
    const is = (text: string) => JSON.stringify(around(text)) === kind;
    return { are: `numbers with '${before || after}'`, is };
  }
  return undefined;
}
