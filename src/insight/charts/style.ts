import type { Tone } from './chart.js';

/** Colours on white and on near-black, told apart by people who do not see red and green (Okabe and Ito 2008). */
const COLORS: Record<Tone, readonly [light: string, dark: string]> = {
  muted: ['#8a8a8a', '#8f8f8f'],
  first: ['#0072b2', '#56b4e9'],
  second: ['#d55e00', '#ff9248'],
  third: ['#009e73', '#2fd3a6'],
  fourth: ['#b0538c', '#e59ac4'],
  fifth: ['#9a7400', '#f0c94a'],
  sixth: ['#4b4fc4', '#a3a6ff'],
  seventh: ['#7a4a21', '#d6a277'],
  eighth: ['#3d7d8a', '#86c9d6'],
};

const INKS = {
  ink: ['#1c1c1c', '#ececec'],
  soft: ['#5c5c5c', '#a9a9a9'],
  rule: ['#e4e4e4', '#343434'],
  paper: ['#ffffff', '#151515'],
  wrong: ['#d55e00', '#ff9248'],
  right: ['#0072b2', '#3d9bd8'],
} as const;

const all = { ...COLORS, ...INKS };
const variables = (side: 0 | 1) =>
  Object.entries(all)
    .map(([name, sides]) => `--${name}:${sides[side]}`)
    .join(';');

const tones = Object.keys(COLORS)
  .map((tone) => `.${tone}{--tone:var(--${tone})}`)
  .join('');

/** Rules for charts and what surrounds them, light or dark as the reader's system is. */
export const chartStyle = `:root{color-scheme:light dark;${variables(0)}}
@media (prefers-color-scheme:dark){:root{${variables(1)}}}
${tones}
.chart svg{overflow:visible}.chart text{font:12px system-ui,sans-serif;fill:var(--soft)}.chart .axis{fill:var(--ink)}
.chart path,.chart line{vector-effect:non-scaling-stroke;fill:none}
.chart .rule{stroke:var(--rule)}.chart .base{stroke:var(--soft)}
.chart .line{stroke:var(--tone);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.chart .dashed{stroke-dasharray:5 4;stroke-width:1.5}
.chart .band{fill:var(--tone);fill-opacity:.22}.chart .points circle{fill:var(--tone);fill-opacity:.55}
.chart .marks line{stroke:var(--tone);stroke-dasharray:2 3;stroke-width:1.5}`;
