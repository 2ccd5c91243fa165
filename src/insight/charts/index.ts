import type { Chart, Layer } from './chart.js';
import { escaped, named, tag } from './markup.js';
import { MARGIN, plotted } from './plot.js';
import { chartStyle } from './style.js';

export { type Axis, type Chart, type Layer, TONES, type Tone, type Values } from './chart.js';
export { type HeatCell, heatTable } from './heat.js';
export { type ImageOptions, image } from './image.js';
export { escaped, named, percent, tag } from './markup.js';
export { chartStyle } from './style.js';

/** Height of a chart on a page, in pixels. */
const HEIGHT = 320;

const SIGNS: Record<Layer['kind'], string> = {
  line: '<path class="line" d="M0 6H22"></path>',
  band: '<path class="band" d="M0 1H22V11H0Z"></path>',
  points: '<g class="points"><circle cx="11" cy="6" r="4"></circle></g>',
  marks: '<g class="marks"><line x1="11" x2="11" y1="0" y2="12"></line></g>',
};

function sign(layer: Layer): string {
  const shape =
    layer.kind === 'line' && layer.dashed ? SIGNS.line.replace('"line"', '"line dashed"') : SIGNS[layer.kind];
  return tag('svg', { class: layer.tone, width: 22, height: 12, 'aria-hidden': 'true' }, shape);
}

/** Returns a layer for each entry of a legend: a line and its points are one. */
function legend({ layers }: Chart): readonly Layer[] {
  return layers.filter(({ label, tone }, i) => layers.findIndex((it) => it.label === label && it.tone === tone) === i);
}

/**
 * Returns a chart as markup for a page with `chartStyle`: as wide as what it stands in, with letters of one size. It needs
 * neither a script nor a DOM to be made.
 */
export function figure(chart: Chart): string {
  const { title, note } = chart;
  const { left, right, top, bottom } = MARGIN;
  const keys = legend(chart)
    .map((layer) => `<span>${sign(layer)} ${named(layer.label)}</span>`)
    .join('');
  const style = `display:block;box-sizing:border-box;width:100%;height:${HEIGHT}px;padding:${top}px ${right}px ${bottom}px ${left}px`;
  const caption = `<b>${escaped(title)}</b>${note ? ` <small>${escaped(note)}</small>` : ''}<div class="keys">${keys}</div>`;
  const drawing = tag('svg', { role: 'img', 'aria-label': title, style }, plotted(chart));
  return `<figure class="chart"><figcaption>${caption}</figcaption>${drawing}</figure>`;
}

/** Letters of 12 pixels are at most this wide in the mean. */
const LETTER = 6.7;
const LINE = 20;

/** Renders a chart as a file of its own, of this many pixels. */
export function svg(chart: Chart, width = 560, height = 400): string {
  const { left, right, top, bottom } = MARGIN;
  let [x, line] = [0, 0];
  const keys = legend(chart).map((layer) => {
    const size = 28 + LETTER * layer.label.length + 14;
    if (x > 0 && x + size > width - left - right) [x, line] = [0, line + 1];
    const place = `translate(${left + x} ${26 + line * LINE})`;
    x += size;
    return tag('g', { transform: place }, sign(layer) + tag('text', { x: 28, y: 10 }, escaped(layer.label)));
  });
  const head = 26 + (line + 1) * LINE;
  const title = tag('text', { class: 'axis', x: left, y: 16, 'font-weight': 'bold' }, escaped(chart.title));
  const plot = { x: left, y: head + top, width: width - left - right, height: height - head - top - bottom };
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    class: 'chart',
    width,
    height,
    role: 'img',
    'aria-label': chart.title,
  };
  const paper = '<rect width="100%" height="100%" fill="var(--paper)"></rect>';
  const drawing = tag('svg', { ...plot, overflow: 'visible' }, plotted(chart));
  return tag('svg', root, `<style>${chartStyle}</style>${paper}${title}${keys.join('')}${drawing}`);
}
