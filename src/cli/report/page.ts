import { shorten } from '../../data/data-error.js';
import type { ColumnKind, Design, Metrics, TabularRecord } from '../../data/index.js';
import { chartStyle, escaped, figure } from '../../insight/charts/index.js';
import { figureText, short, shown, validationText } from '../terminal.js';
import { confusionSection } from './confusion.js';
import { calibration, learningCurves, residuals, roc } from './curves.js';
import { headline } from './headline.js';
import { table } from './html.js';
import { importanceSection, type Pixels, pixelsOf } from './importance.js';
import type { Measured } from './measured.js';
import type { ReportData } from './report-data.js';

/** Names of figures, in the order they are shown, with what a reader must know to read them. */
const FIGURES: readonly (readonly [
  name: Exclude<keyof Metrics, 'baseline' | 'confusion' | 'unknownClasses'>,
  label: string,
])[] = [
  ['accuracy', 'accuracy, the share of right classes'],
  ['logLoss', 'log loss (0 is best)'],
  ['f1', 'f1, the mean over classes'],
  ['auc', 'area under the ROC curve'],
  ['rmse', 'root mean squared error'],
  ['mae', 'mean absolute error'],
  ['r2', 'r2, the share of variance explained'],
];

/** Figures of each set of rows, and of what is predicted without looking at a row. */
function figures(sets: readonly Measured[], kind: ColumnKind | undefined): string {
  const heads = sets.flatMap(({ rows, metrics }) => [rows, ...(metrics.baseline ? [`baseline on ${rows}`] : [])]);
  const lines = FIGURES.filter(([name]) => sets.some(({ metrics }) => metrics[name] !== undefined)).map(
    ([name, label]) => [
      label,
      ...sets.flatMap(({ metrics }) => {
        const { baseline } = metrics;
        const text = (value: unknown) => (typeof value === 'number' ? figureText(name, value, kind) : '\u2013');
        return [text(metrics[name]), ...(baseline ? [text(baseline[name as keyof typeof baseline])] : [])];
      }),
    ],
  );
  const remarks = sets.flatMap(({ rows, metrics: { unknownRows, unknownClasses = [] } }) => {
    if (unknownRows === undefined) return [];
    const which = unknownClasses.map((name) => `'${name}'`).join(', ');
    return [
      `<p>${unknownRows} of the ${escaped(rows)} are of classes that training did not know (${escaped(which)}): wrong in accuracy and f1, left out of the other figures.</p>`,
    ];
  });
  return table(lines, ['', ...heads]) + remarks.join('');
}

/** Columns that are listed at most. */
const MOST_COLUMNS = 100;

function columnsTable({ inputs }: TabularRecord, pixels: Pixels | undefined): string {
  if (pixels) {
    const ends = inputs.map(({ min = 0, max = 0 }) => [min, max] as const);
    const low = ends.reduce((least, [min]) => Math.min(least, min), Infinity);
    const high = ends.reduce((most, [, max]) => Math.max(most, max), -Infinity);
    const [first, last] = [pixels.names[0] ?? '', pixels.names.at(-1) ?? ''];
    return `<p>${pixels.names.length} numbers, the points of an image of ${pixels.width} x ${pixels.height}: ${escaped(first)} to ${escaped(last)}, ${short(low)} to ${short(high)}.</p>`;
  }
  const rows = inputs.slice(0, MOST_COLUMNS).map(({ name, kind, missing, min, max, mean, categories, counts }) => [
    name,
    kind,
    String(missing),
    categories ? `${categories.length} categories` : `${shown(min, kind)} to ${shown(max, kind)}`,
    categories
      ? categories
          .slice(0, 3)
          .map((text, i) => `${shorten(text, 30)} (${counts?.[i]})`)
          .join(', ')
      : shown(mean, kind),
  ]);
  const rest = inputs.length - rows.length;
  const more = rest > 0 ? `<p>And ${rest} more columns, which <code>npx myelin inspect</code> lists.</p>` : '';
  return table(rows, ['column', 'kind', 'missing', 'values', 'mean or most frequent']) + more;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;overflow-wrap:break-word;padding:1em clamp(12px,3vw,40px) 4em;color:var(--ink);background:var(--paper)}
h1{font-size:1.5em}h2{margin-top:2em;border-bottom:1px solid var(--rule)}.headline{font-size:1.15em;max-width:60em}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5em 0}
td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid var(--rule);font-variant-numeric:tabular-nums}
td:first-child,th:first-child{text-align:left}thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
.heatmap td{text-align:center}.heatmap tbody th{white-space:nowrap;}@media (min-width:700px){.heatmap tbody th{position:sticky;left:0;background:var(--paper)}}
@media (max-width:520px){table{font-size:12px}td,th{padding:.25em .2em}.heatmap tbody th{white-space:normal;overflow-wrap:anywhere;min-width:5em}}
.dense td,.dense th{padding:.25em .4em}.upright{writing-mode:vertical-rl}.bars .bar{width:min(40vw,420px)}.bar div{background:var(--first);height:.8em}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:1.5em}.chart{margin:0;min-width:0}
.charts>:first-child{grid-column:1/-1}
figcaption small{color:var(--soft)}.keys{display:flex;flex-wrap:wrap;gap:.1em 1.2em;font-size:13px;color:var(--soft);margin:.3em 0 .5em}
.keys svg{vertical-align:middle}code{font-size:.92em;overflow-wrap:anywhere}li{max-width:60em}`;

/** Labels the settings of training for readers of a report. */
const DESIGN: Readonly<Record<keyof Design, string>> = {
  members: 'networks whose outputs are averaged',
  layers: 'units of the hidden layers',
  activation: 'activation of the hidden layers',
  dropout: 'dropout rate',
  epochs: 'epochs at most',
  moreEpochs: 'further epochs, the last being best',
  patience: 'epochs without a better loss to stop at',
  batchSize: 'rows of a step',
  learningRate: 'highest learning rate',
  weightDecay: 'weight decay',
  seed: 'seed',
};

const count = (rows: number, kind: string) => `${rows} ${kind}${rows === 1 ? ' row' : ' rows'}`;

/**
 * Returns a page that needs nothing but itself, without scripts. All figures of a section are of the same rows, which it
 * names.
 */
export function reportPage(data: ReportData): string {
  const { title, record, kind, columns, command, importance, importanceRows, held, test } = data;
  const { design, notes } = record;
  const pixels = data.image ? { ...data.image, names: columns } : pixelsOf(columns, record.inputs);
  const classes = record.classes ?? [];
  const validation: Measured = {
    ...held,
    rows: count(held.truth.rows, 'validation'),
    metrics: record.validation,
    classes,
  };
  const tested: Measured | undefined = test && { ...test, rows: count(test.truth.rows, 'test'), classes };
  // Rows of classes that training did not know have no curve.
  const known = test ? test.truth.rows - (test.metrics.unknownRows ?? 0) : 0;
  const shownRows = tested && known > 0 ? tested : validation;
  const charts = [
    learningCurves(record),
    ...(classes.length > 0 ? [roc(shownRows), calibration(shownRows)] : residuals(shownRows, kind)),
  ];
  const options = Object.entries(DESIGN).map(([name, words]) => {
    const value = design[name as keyof Design];
    return [words, Array.isArray(value) ? value.join(', ') || 'none' : String(value)];
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title><style>${chartStyle}${STYLE}</style>
<h1>${escaped(title)}</h1>
<p class="headline">${escaped(headline(record, shownRows, data))}</p>
<p><code>${escaped(command)}</code></p>
<h2>How good it is</h2>
<p>${tested ? 'Test rows were kept apart from training. ' : ''}Validation is of ${validationText(record)}. The baseline answers the same for every row.</p>
${figures(tested ? [tested, validation] : [validation], kind)}
${notes.length > 0 ? `<h2>Remarks</h2><ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>` : ''}
<h2>Charts</h2><div class="charts">${charts.map(figure).join('')}</div>
${classes.length > 0 ? confusionSection(shownRows) : ''}
${importanceSection(importance, record, pixels, importanceRows)}
<h2>Columns</h2><p>Of ${count(record.rows, 'training')}.</p>${columnsTable(record, pixels)}
<h2>Training</h2>${table(options)}
</html>
`;
}
