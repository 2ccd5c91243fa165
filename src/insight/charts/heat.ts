import { escaped, tag } from './markup.js';

export interface HeatCell {
  readonly text: string;
  /** From 0, as the page, to 1, the full colour. */
  readonly share: number;
  readonly tone: 'right' | 'wrong';
  /** What a reader sees who points at it. */
  readonly title?: string;
}

/** Text on a colour of this share or more is that of the page, since the colour is dark, or in the dark bright. */
const STRONG = 0.55;

function cellOf({ text, share, tone, title }: HeatCell): string {
  const weight = Math.round(100 * Math.min(1, Math.max(0, share)));
  const style = `background:color-mix(in srgb,var(--${tone}) ${weight}%,transparent)${share >= STRONG ? ';color:var(--paper)' : ''}`;
  return tag('td', { class: 'heat', style, title }, escaped(text));
}

/** A table of coloured cells with a heading for each row and column, and cells of text after them. */
export function heatTable(
  corner: string,
  heads: readonly string[],
  rows: readonly { readonly head: string; readonly cells: readonly HeatCell[]; readonly after?: readonly string[] }[],
  after: readonly string[] = [],
): string {
  const head = [corner, ...heads, ...after].map((text) => `<th>${escaped(text)}</th>`).join('');
  const body = rows.map(({ head, cells, after = [] }) => {
    const rest = after.map((text) => `<td>${escaped(text)}</td>`).join('');
    return `<tr><th>${escaped(head)}</th>${cells.map(cellOf).join('')}${rest}</tr>`;
  });
  return `<table class="heatmap"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}
