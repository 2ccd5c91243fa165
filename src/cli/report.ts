import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Importance, Metrics, TabularRecord } from '../data/index.js';
import type { Numbers } from '../matrix.js';
import { baselineText, metricRows, short, shown, unknownText } from './terminal.js';

/** What a report shows. */
export interface ReportData {
  readonly title: string;
  readonly record: TabularRecord;
  readonly importance: readonly Importance[];
  readonly test: Metrics | undefined;
  /** Targets and outputs of rows that were not trained on. */
  readonly truth: Numbers;
  readonly outputs: Numbers;
}

interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly points?: boolean;
  readonly color?: string;
}

interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly at: readonly number[];
  readonly series: readonly Series[];
}

const COLORS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#e377c2'];
const GREY = '#999999';

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function table(rows: readonly (readonly string[])[], head?: readonly string[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${head ? line(head, 'th') : ''}${rows.map((row) => line(row, 'td')).join('')}</table>`;
}

function metricsTable(metrics: Metrics): string {
  const notes = [baselineText(metrics) && `Baseline: ${baselineText(metrics)}.`, unknownText(metrics)].filter(Boolean);
  return `${table(metricRows(metrics), ['', 'model', 'baseline'])}${notes.map((note) => `<p>${escaped(note)}</p>`).join('')}`;
}

function confusionTable(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  const most = Math.max(1, ...confusion.flat());
  const rows = confusion.map((counts, i) => {
    const cells = counts.map(
      (count) => `<td style="background:rgba(31,119,180,${(count / most).toFixed(2)})">${count}</td>`,
    );
    return `<tr><th>${escaped(classes[i]!)}</th>${cells.join('')}</tr>`;
  });
  const head = `<tr><th>true \\ predicted</th>${classes.map((name) => `<th>${escaped(name)}</th>`).join('')}</tr>`;
  return `<table class="confusion">${head}${rows.join('')}</table>`;
}

function bars(items: readonly Importance[]): string {
  const most = Math.max(1e-12, ...items.map(({ importance }) => importance));
  const rows = items.map(({ column, importance, deviation }) => {
    const width = Math.max(0, (100 * importance) / most).toFixed(1);
    return `<tr><td>${escaped(column)}</td><td class="bar"><div style="width:${width}%"></div></td><td>${short(importance)} &#177; ${short(deviation)}</td></tr>`;
  });
  return `<table>${rows.join('')}</table>`;
}

function learningCurves({ members }: TabularRecord): Chart {
  const length = Math.max(...members.map(({ history }) => history.loss?.length ?? 0));
  const padded = (values: readonly number[] = []) => Array.from({ length }, (_, i) => values[i] ?? null);
  return {
    title: 'Learning curves',
    x: 'epoch',
    y: 'loss',
    at: Array.from({ length }, (_, i) => i + 1),
    series: members.flatMap(({ history }, i): Series[] => [
      { label: `training ${i + 1}`, values: padded(history.loss), color: GREY },
      { label: `validation ${i + 1}`, values: padded(history.valLoss), color: COLORS[i % COLORS.length]! },
    ]),
  };
}

/** Points on the curve at most: what the eye can tell apart. */
const POINTS = 500;

/** One class against the others: the share of true ones found by the share of false alarms. */
function rocPoints(positive: readonly boolean[], scores: readonly number[]): { falsely: number[]; found: number[] } {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const yes = positive.filter(Boolean).length;
  const no = positive.length - yes;
  const falsely = [0];
  const found = [0];
  let [hits, alarms] = [0, 0];
  order.forEach((row, i) => {
    if (positive[row]) hits++;
    else alarms++;
    if (scores[order[i + 1] ?? -1] === scores[row]) return;
    falsely.push(alarms / Math.max(1, no));
    found.push(hits / Math.max(1, yes));
  });
  return { falsely, found };
}

const steps = (count: number) => Array.from({ length: count + 1 }, (_, i) => i / count);

/** The curve at evenly spaced shares of false alarms. */
function roc(truth: Numbers, outputs: Numbers, classes: readonly string[]): Chart {
  const at = steps(100);
  const shown = classes.length === 2 ? [1] : classes.map((_, i) => i).slice(0, COLORS.length);
  const series = shown.map((c, i): Series => {
    const scores = Array.from({ length: outputs.rows }, (_, row) => outputs.data[row * outputs.columns + c]!);
    const { falsely, found } = rocPoints(
      [...truth.data].map((label) => label === c),
      scores,
    );
    let j = 0;
    const values = at.map((share) => {
      while (j + 1 < falsely.length && falsely[j + 1]! <= share) j++;
      return found[j]!;
    });
    return { label: classes[c]!, values, color: COLORS[i]! };
  });
  return {
    title: 'ROC',
    x: 'share of false alarms',
    y: 'share found',
    at,
    series: [...series, { label: 'chance', values: at, color: GREY }],
  };
}

/** How often the predicted class is right, by how sure the prediction was, in tenths. */
function calibration(truth: Numbers, outputs: Numbers): Chart {
  const bins = Array.from({ length: 10 }, () => ({ rows: 0, right: 0, sure: 0 }));
  for (let row = 0; row < truth.rows; row++) {
    const values = outputs.data.subarray(row * outputs.columns, (row + 1) * outputs.columns);
    const sure = Math.max(...values);
    const bin = bins[Math.min(9, Math.floor(sure * 10))]!;
    bin.rows++;
    bin.sure += sure;
    if (values.indexOf(sure) === truth.data[row]) bin.right++;
  }
  const used = bins.filter(({ rows }) => rows > 0);
  const at = used.map(({ sure, rows }) => sure / rows);
  return {
    title: 'Calibration',
    x: 'predicted probability',
    y: 'share that is right',
    at,
    series: [
      { label: 'right', values: used.map(({ right, rows }) => right / rows), points: true, color: COLORS[0]! },
      { label: 'ideal', values: at, color: GREY },
    ],
  };
}

/** Targets and errors of some rows, by prediction. */
function residuals(truth: Numbers, outputs: Numbers): Chart[] {
  const stride = Math.max(1, Math.ceil(truth.rows / POINTS));
  const rows = Array.from({ length: Math.ceil(truth.rows / stride) }, (_, i) => i * stride);
  rows.sort((a, b) => outputs.data[a]! - outputs.data[b]!);
  const at = rows.map((row) => outputs.data[row]!);
  const target = { label: 'target', values: rows.map((row) => truth.data[row]!), points: true, color: COLORS[0]! };
  const error = {
    label: 'error',
    values: rows.map((row) => truth.data[row]! - outputs.data[row]!),
    points: true,
    color: COLORS[1]!,
  };
  return [
    {
      title: 'Targets by predictions',
      x: 'prediction',
      y: 'target',
      at,
      series: [target, { label: 'ideal', values: at, color: GREY }],
    },
    { title: 'Residuals', x: 'prediction', y: 'target less prediction', at, series: [error] },
  ];
}

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;max-width:1080px;margin:2em auto;padding:0 1em;color:#222}
h2{margin-top:2em;border-bottom:1px solid #ddd}table{border-collapse:collapse;margin:.5em 0}
td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #eee}td:first-child,th:first-child{text-align:left}
.bar{width:320px}.bar div{background:#1f77b4;height:.8em}.charts{display:flex;flex-wrap:wrap;gap:1.5em}
.u-legend{font-size:12px;max-height:5em;overflow:auto}`;

const SCRIPT = `for (const chart of JSON.parse(document.getElementById('charts').textContent)) {
  const place = document.createElement('div');
  document.querySelector('.charts').append(place);
  new uPlot({
    title: chart.title, width: 500, height: 340, scales: { x: { time: false } },
    axes: [{ label: chart.x }, { label: chart.y, size: 70 }],
    series: [{ label: chart.x }, ...chart.series.map(({ label, color, points }) => ({
      label, stroke: color, width: points ? 0 : 1.5, points: { show: !!points, size: 5, fill: color }, ...(points ? { paths: () => null } : {}),
    }))],
  }, [chart.at, ...chart.series.map(({ values }) => values)], place);
}`;

/** JSON that no script tag ends within. */
const embedded = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** A page that needs nothing but itself. */
export function reportPage({ title, record, importance, test, truth, outputs }: ReportData): string {
  const require = createRequire(import.meta.url);
  const file = (name: string) => readFileSync(require.resolve(`uplot/dist/${name}`), 'utf8');
  const { classes, validation, design, inputs } = record;
  const charts = [
    learningCurves(record),
    ...(classes ? [roc(truth, outputs, classes), calibration(truth, outputs)] : residuals(truth, outputs)),
  ];
  const columns = inputs.map(({ name, kind, missing, min, max, mean, categories, counts }) => [
    name,
    kind,
    String(missing),
    categories ? `${categories.length} categories` : `${shown(min, kind)} to ${shown(max, kind)}`,
    categories
      ? categories
          .slice(0, 3)
          .map((text, i) => `${text} (${counts?.[i]})`)
          .join(', ')
      : shown(mean, kind),
  ]);
  const options = Object.entries(design).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : String(value),
  ]);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${file('uPlot.min.css')}${STYLE}</style>
<h1>${escaped(title)}</h1>
<p>${escaped(record.task)} of <b>${escaped(record.target)}</b>, ${record.rows} rows, ${record.members.length} networks</p>
<ul>${record.notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>
<h2>Validation</h2><p>Rows that the network in question had not trained on.</p>${metricsTable(validation)}
${test ? `<h2>Test</h2>${metricsTable(test)}` : ''}
${classes && validation.confusion ? `<h2>Confusion</h2>${confusionTable((test ?? validation).confusion ?? [], classes)}` : ''}
<h2>Curves</h2><div class="charts"></div>
${importance.length > 0 ? `<h2>Importance</h2><p>What predictions lose when a column is shuffled.</p>${bars(importance.slice(0, 30))}` : ''}
<h2>Data</h2>${table(columns, ['column', 'kind', 'missing', 'values', 'mean or most frequent'])}
<h2>Training</h2>${table(options)}
<script type="application/json" id="charts">${embedded(charts)}</script>
<script>${file('uPlot.iife.min.js').replaceAll('</script', '<\\/script')}</script><script>${SCRIPT}</script></html>
`;
}
