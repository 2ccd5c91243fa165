import type { Chart, Layer, Values } from './chart.js';
import { escaped, percent, tag } from './markup.js';
import { type Scale, scaleOf } from './scale.js';

/** Paths are drawn on a square of this size, which is stretched to the plot; strokes keep their width. */
const SQUARE = 1000;

/** Room around the plot, in pixels: for labels of ticks and axes. */
export const MARGIN = { left: 72, right: 14, top: 22, bottom: 44 };

/** Letters of a label that does not fit on both sides of the end of an axis. */
const WIDE = 6;

interface Scales {
  readonly x: Scale;
  readonly y: Scale;
}

const across = (place: number) => Number((place * SQUARE).toFixed(2));
const down = (place: number) => Number(((1 - place) * SQUARE).toFixed(2));

/** Pieces of a line between its gaps, as points of the square. */
function pieces({ x, y }: Scales, xs: Values, ys: Values): string[][] {
  const all: string[][] = [];
  let piece: string[] = [];
  for (let i = 0; i < xs.length; i++) {
    const [a, b] = [xs[i] as number | null, ys[i] as number | null];
    if (a !== null && b !== null && Number.isFinite(a) && Number.isFinite(b)) {
      piece.push(`${across(x.place(a))} ${down(y.place(b))}`);
    } else if (piece.length > 0) {
      all.push(piece);
      piece = [];
    }
  }
  if (piece.length > 0) all.push(piece);
  return all;
}

/** A piece of one point would not be seen: it gets a second one in the same place. */
const pathOf = (points: readonly string[]) => `M${(points.length > 1 ? points : [...points, ...points]).join('L')}`;

function bandPath(scales: Scales, xs: Values, low: Values, high: Values): string {
  const tops = pieces(scales, xs, high);
  const bottoms = pieces(scales, xs, low);
  return tops.map((top, i) => `M${[...top, ...(bottoms[i] ?? []).toReversed()].join('L')}Z`).join('');
}

function drawn(layer: Layer, scales: Scales): string {
  const title = `<title>${escaped(layer.label)}</title>`;
  const of = (shape: string) => `${shape} ${layer.tone}`;
  switch (layer.kind) {
    case 'line': {
      const d = pieces(scales, layer.x, layer.y).map(pathOf).join('');
      return stretched(tag('path', { class: of(layer.dashed ? 'line dashed' : 'line'), d }, title));
    }
    case 'band':
      return stretched(tag('path', { class: of('band'), d: bandPath(scales, layer.x, layer.low, layer.high) }, title));
    case 'points': {
      const { x, y } = scales;
      const circles: string[] = [];
      for (let i = 0; i < layer.x.length; i++) {
        const [a, b] = [layer.x[i] as number | null, layer.y[i] as number | null];
        if (a === null || b === null || !Number.isFinite(a) || !Number.isFinite(b)) continue;
        circles.push(`<circle cx="${percent(x.place(a))}" cy="${percent(1 - y.place(b))}" r="3"></circle>`);
      }
      return tag('g', { class: of('points') }, title + circles.join(''));
    }
    case 'marks': {
      const lines = [...layer.x].flatMap((value) => {
        if (value === null || !Number.isFinite(value)) return [];
        const at = percent(scales.x.place(value));
        return [`<line x1="${at}" x2="${at}" y1="0" y2="100%"></line>`];
      });
      return tag('g', { class: of('marks') }, title + lines.join(''));
    }
  }
}

function stretched(content: string): string {
  const view = { viewBox: `0 0 ${SQUARE} ${SQUARE}`, preserveAspectRatio: 'none', width: '100%', height: '100%' };
  return tag('svg', view, content);
}

function axes({ x, y }: Scales, chart: Chart): string {
  const lines = y.ticks.map(({ at }) => {
    const level = percent(1 - at);
    return `<line class="rule" x1="0" x2="100%" y1="${level}" y2="${level}"></line>`;
  });
  const left = y.ticks.map(({ at, text }) =>
    tag('text', { class: 'tick', x: -7, y: percent(1 - at), dy: 4, 'text-anchor': 'end' }, escaped(text)),
  );
  const below = x.ticks.map(({ at, text }) => {
    const anchor = at > 0.95 && text.length > WIDE ? 'end' : 'middle';
    return tag('text', { class: 'tick', x: percent(at), y: '100%', dy: 17, 'text-anchor': anchor }, escaped(text));
  });
  const names = [
    tag('text', { class: 'axis', x: '100%', y: '100%', dy: 36, 'text-anchor': 'end' }, escaped(chart.x.label)),
    tag('text', { class: 'axis', x: -MARGIN.left, y: 0, dy: -9 }, escaped(chart.y.label)),
  ];
  return [
    ...lines,
    '<line class="base" x1="0" x2="100%" y1="100%" y2="100%"></line>',
    ...left,
    ...below,
    ...names,
  ].join('');
}

/** Draws what is between the margins: all places are shares of the width and the height that it is given. */
export function plotted(chart: Chart): string {
  const scales = { x: scaleOf(chart, 'x'), y: scaleOf(chart, 'y') };
  return axes(scales, chart) + chart.layers.map((layer) => drawn(layer, scales)).join('');
}
