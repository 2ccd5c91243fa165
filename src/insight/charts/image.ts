import { escaped, tag } from './markup.js';

export interface ImageOptions {
  readonly title: string;
  /** A note for readers, such as what the full colour means. */
  readonly note?: string;
  readonly width: number;
  readonly height: number;
  /** Row by row from the top left. */
  readonly values: ArrayLike<number>;
  /** Returns the text that a reader sees who points at a place. */
  readonly describe?: (index: number) => string;
}

/** Numbers as a picture: nothing where they are 0 or less, the full colour at the largest. */
export function image({ title, note, width, height, values, describe }: ImageOptions): string {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i] as number);
  const places: string[] = [];
  for (let i = 0; i < width * height; i++) {
    const share = most > 0 ? Math.max(0, values[i] as number) / most : 0;
    if (share === 0 && !describe) continue;
    const text = describe ? `<title>${escaped(describe(i))}</title>` : '';
    const opacity = Number(share.toFixed(3));
    const place = { x: i % width, y: Math.floor(i / width), width: 1, height: 1, 'fill-opacity': opacity };
    places.push(tag('rect', place, text));
  }
  const root = {
    role: 'img',
    'aria-label': title,
    viewBox: `0 0 ${width} ${height}`,
    style: 'display:block;width:100%;max-width:420px;border:1px solid var(--rule)',
    'shape-rendering': 'crispEdges',
  };
  const drawing = tag('svg', root, tag('g', { fill: 'var(--first)' }, places.join('')));
  return `<figure class="chart"><figcaption><b>${escaped(title)}</b>${note ? ` <small>${escaped(note)}</small>` : ''}</figcaption>${drawing}</figure>`;
}
