import { escaped, named, tag } from './markup.js';

export interface HeatCell {
  readonly text: string;
  /** From 0, as the page, to 1, the full colour. */
  readonly share: number;
  readonly tone: 'right' | 'wrong';
  /** The text that a reader sees who points at it. */
  readonly title?: string;
}

/** Text on a colour of this share or more is that of the page, since the colour is dark, or in the dark bright. */
const STRONG = 0.55;

function cellOf({ text, share, tone, title }: HeatCell): string {
  const weight = Math.round(100 * Math.min(1, Math.max(0, share)));
  const style = `background:color-mix(in srgb,var(--${tone}) ${weight}%,transparent)${share >= STRONG ? ';color:var(--paper)' : ''}`;
  return tag('td', { class: 'heat', style, title }, escaped(text));
}

/** Letters of headings at most. */
const HEAD = 24;

interface HeatOptions {
  /** Headings of the cells of text after those of colour. */
  readonly after?: readonly string[];
  /** Small cells, and headings above them that stand upright. */
  readonly dense?: boolean;
}

/** Returns a table of coloured cells with a heading for each row and column, and cells of text after them. */
export function heatTable(
  corner: string,
  heads: readonly string[],
  rows: readonly { readonly head: string; readonly cells: readonly HeatCell[]; readonly after?: readonly string[] }[],
  { after = [], dense = false }: HeatOptions = {},
): string {
  const upright = dense && heads.some((text) => text.length > 3);
  const head = heads.map(
    (text) => `<th>${upright ? `<span class="upright">${named(text, HEAD)}</span>` : named(text, HEAD)}</th>`,
  );
  const ends = after.map((text) => `<th>${escaped(text)}</th>`);
  const body = rows.map(({ head, cells, after = [] }) => {
    const rest = after.map((text) => `<td>${escaped(text)}</td>`).join('');
    return `<tr><th>${named(head, HEAD + 10)}</th>${cells.map(cellOf).join('')}${rest}</tr>`;
  });
  const top = `<tr><th>${escaped(corner)}</th>${head.join('')}${ends.join('')}</tr>`;
  return `<table class="${dense ? 'heatmap dense' : 'heatmap'}"><thead>${top}</thead><tbody>${body.join('')}</tbody></table>`;
}
