import type { ColumnKind, TabularRecord } from '../../data/index.js';
import { type Chart, type Layer, TONES } from '../../insight/charts/index.js';
import { spreadOf } from '../spread.js';
import { unitOfTime } from '../terminal.js';
import type { Measured } from './measured.js';

/**
 * Losses by epoch: of several networks the mean and all between the best and the worst, and the epochs they were taken
 * from.
 */
export function learningCurves({ members, task }: TabularRecord): Chart {
  const runs = (name: string) => members.map(({ history }) => history[name] ?? []);
  const length = runs('loss').reduce((most, run) => Math.max(most, run.length), 0);
  const x = Array.from({ length }, (_, i) => i + 1);
  const several = members.length > 1;
  const sides = [
    ['loss', 'rows trained on', 'muted'],
    ['valLoss', 'rows left out', 'first'],
  ] as const;
  const layers = sides.flatMap(([name, label, tone]): Layer[] => {
    const { mean, low, high } = spreadOf(runs(name));
    const band: Layer = { kind: 'band', label: `${label}, best to worst network`, tone, x, low, high };
    const line: Layer = { kind: 'line', label: several ? `${label}, mean` : label, tone, x, y: mean };
    return several ? [band, line] : [line];
  });
  const chosen = [...new Set(members.map(({ bestEpoch }) => bestEpoch + 1))];
  return {
    title: 'Learning curves',
    note: several ? `of ${members.length} networks, each with other rows left out` : 'of one network',
    x: { label: 'epoch', whole: true },
    y: { label: task === 'classification' ? 'log loss' : 'squared error, of the scaled target' },
    layers: [...layers, { kind: 'marks', label: 'chosen epoch', tone: 'second', x: chosen }],
  };
}

/** Returns one class against the others: the share of true ones found by the share of false alarms. */
export function rocPoints(positive: (row: number) => boolean, scores: Float64Array): { x: number[]; y: number[] } {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  let yes = 0;
  for (let row = 0; row < scores.length; row++) if (positive(row)) yes++;
  const no = scores.length - yes;
  const x = [0];
  const y = [0];
  let [hits, alarms] = [0, 0];
  order.forEach((row, i) => {
    if (positive(row)) hits++;
    else alarms++;
    if (scores[order[i + 1] ?? -1] === scores[row]) return;
    x.push(alarms / Math.max(1, no));
    y.push(hits / Math.max(1, yes));
  });
  return { x, y };
}

/** Points of a curve at most: what a chart can show. */
const POINTS = 400;

function thinned({ x, y }: { x: number[]; y: number[] }): { x: number[]; y: number[] } {
  const stride = Math.max(1, x.length / POINTS);
  const at = [...new Set(Array.from({ length: Math.ceil(x.length / stride) }, (_, i) => Math.floor(i * stride)))];
  if (at.at(-1) !== x.length - 1) at.push(x.length - 1);
  return { x: at.map((i) => x[i] as number), y: at.map((i) => y[i] as number) };
}

const MOST_CURVES = 5;

/** Returns the most frequent classes, each against all others. */
export function roc({ rows, truth, outputs, classes }: Measured): Chart {
  const counts = new Float64Array(classes.length);
  for (const label of truth.data) if (label >= 0) counts[label]!++;
  // Rows of classes that training did not know are left out here, as they are from the area.
  const known = Uint32Array.from(truth.data.keys()).filter((row) => truth.data[row]! >= 0);
  const found = classes.map((_, c) => c).filter((c) => counts[c]! > 0 && counts[c]! < known.length);
  const frequent = found.toSorted((a, b) => counts[b]! - counts[a]!).slice(0, MOST_CURVES);
  const chosen = classes.length === 2 ? found.filter((c) => c === 1) : frequent;
  const layers = chosen.map((c, i): Layer => {
    const scores = Float64Array.from(known, (row) => outputs.data[row * outputs.columns + c]!);
    const curve = thinned(rocPoints((i) => truth.data[known[i]!] === c, scores));
    return { kind: 'line', label: classes[c] as string, tone: TONES[i] as (typeof TONES)[number], ...curve };
  });
  const others =
    found.length === 0
      ? '; all are of one class, of which there is no curve'
      : found.length > chosen.length && classes.length > 2
        ? `; the ${chosen.length} most frequent of ${classes.length} classes`
        : '';
  const chance: Layer = { kind: 'line', label: 'chance', tone: 'muted', dashed: true, x: [0, 1], y: [0, 1] };
  return {
    title: 'ROC',
    note: `of ${rows}${others}`,
    x: { label: 'share of the others taken for it', min: 0, max: 1 },
    y: { label: 'share of the class that is found', min: 0, max: 1 },
    layers: [chance, ...layers],
  };
}

const BINS = 10;

/** Computes the accuracy of predictions by their confidence, in ten bins. */
export function calibration({ rows, truth, outputs }: Measured): Chart {
  const bins = Array.from({ length: BINS }, () => ({ count: 0, right: 0, sure: 0 }));
  const { data, columns } = outputs;
  for (let row = 0; row < truth.rows; row++) {
    let best = row * columns;
    for (let i = best; i < (row + 1) * columns; i++) if (data[i]! > data[best]!) best = i;
    const sure = data[best]!;
    const bin = bins[Math.min(BINS - 1, Math.floor(sure * BINS))]!;
    bin.count++;
    bin.sure += sure;
    if (best - row * columns === truth.data[row]) bin.right++;
  }
  const used = bins.filter(({ count }) => count > 0);
  const x = used.map(({ sure, count }) => sure / count);
  const shares = used.map(({ right, count }) => right / count);
  const errors = used.map(({ count }, i) => Math.sqrt((shares[i]! * (1 - shares[i]!)) / count));
  const ideal: Layer = { kind: 'line', label: 'as sure as right', tone: 'muted', dashed: true, x: [0, 1], y: [0, 1] };
  return {
    title: 'Calibration',
    note: `of ${rows}, in tenths of the probability`,
    x: { label: 'probability of the predicted class', min: 0, max: 1 },
    y: { label: 'share that is right', min: 0, max: 1 },
    layers: [
      ideal,
      {
        kind: 'band',
        label: 'one standard error',
        tone: 'first',
        x,
        low: shares.map((share, i) => Math.max(0, share - errors[i]!)),
        high: shares.map((share, i) => Math.min(1, share + errors[i]!)),
      },
      { kind: 'line', label: 'right', tone: 'first', x, y: shares },
      { kind: 'points', label: 'right', tone: 'first', x, y: shares },
    ],
  };
}

/** Targets and errors, by prediction. */
export function residuals({ rows, truth, outputs }: Measured, kind?: ColumnKind): readonly Chart[] {
  const stride = Math.max(1, Math.ceil(truth.rows / POINTS));
  const chosen = Array.from({ length: Math.ceil(truth.rows / stride) }, (_, i) => i * stride);
  const x = chosen.map((row) => outputs.data[row]!);
  const targets = chosen.map((row) => truth.data[row]!);
  const errors = targets.map((target, i) => target - x[i]!);
  const most = errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);
  const time = kind === 'date' ? unitOfTime(most) : undefined;
  const ends = x.reduce(([a, b], value) => [Math.min(a!, value), Math.max(b!, value)], [Infinity, -Infinity]);
  const note = stride > 1 ? `of ${chosen.length} of the ${rows}` : `of ${rows}`;
  const dates = kind === 'date' ? { dates: true } : {};
  return [
    {
      title: 'Targets by predictions',
      note,
      x: { label: 'prediction', ...dates },
      y: { label: 'target', ...dates },
      layers: [
        { kind: 'line', label: 'right', tone: 'muted', dashed: true, x: ends, y: ends },
        { kind: 'points', label: 'a row', tone: 'first', x, y: targets },
      ],
    },
    {
      title: 'Residuals',
      note,
      x: { label: 'prediction', ...dates },
      y: { label: `target - prediction${time ? `, in ${time.name}` : ''}` },
      layers: [
        { kind: 'line', label: 'right', tone: 'muted', dashed: true, x: ends, y: ends.map(() => 0) },
        {
          kind: 'points',
          label: 'a row',
          tone: 'second',
          x,
          y: time ? errors.map((error) => error / time.unit) : errors,
        },
      ],
    },
  ];
}
