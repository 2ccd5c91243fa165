import { named } from '../../insight/charts/index.js';

/** Letters of a cell at most, after the first, which holds a name. */
const LETTERS = 120;

/** Returns a table of texts. */
export function table(rows: readonly (readonly string[])[], head?: readonly string[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell, i) => `<${tag}>${i === 0 ? named(cell) : named(cell, LETTERS)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => line(row, 'td')).join('');
  return `<div class="wide"><table>${head ? `<thead>${line(head, 'th')}</thead>` : ''}<tbody>${body}</tbody></table></div>`;
}

/** Returns a share in percent, of which a part is never 100%, and something never 0%. */
export function share(part: number, whole: number): string {
  if (!(whole > 0)) return '\u2013';
  const tenths = Math.round((1000 * part) / whole);
  const shown = part < whole && tenths >= 1000 ? 999 : part > 0 && tenths === 0 ? 1 : tenths;
  return `${shown % 10 === 0 ? shown / 10 : (shown / 10).toFixed(1)}%`;
}
