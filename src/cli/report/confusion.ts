import { predictedOf } from '../../data/tabular/estimate/measure.js';
import { escaped, type HeatCell, heatTable } from '../../insight/charts/index.js';
import { share, table } from './html.js';
import type { Measured } from './measured.js';

/** Classes that a matrix is drawn of at most. */
const MOST_CLASSES = 30;
const MOST_PAIRS = 20;
/** Classes up to which cells have shares in addition to counts. */
const MOST_SHARES = 10;

interface Counts {
  /** Rows of a class that are predicted to be another or the same, by `true * classes + predicted`. */
  readonly pairs: ReadonlyMap<number, number>;
  readonly truly: Float64Array;
  readonly predicted: Float64Array;
}

function count(measured: Measured): Counts {
  const classes = measured.classes.length;
  const pairs = new Map<number, number>();
  const truly = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  predictedOf(measured.outputs).forEach((guess, row) => {
    const label = measured.truth.data[row]!;
    predicted[guess]!++;
    if (!(label >= 0)) return;
    truly[label]!++;
    const pair = label * classes + guess;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  });
  return { pairs, truly, predicted };
}

const HEADS = ['recall', 'precision'];

/** Renders the confusion matrix, with the recall and the precision of each class. */
export function confusionSection(measured: Measured): string {
  const { classes, rows } = measured;
  const { pairs, truly, predicted } = count(measured);
  const right = (c: number) => pairs.get(c * classes.length + c) ?? 0;
  const quality = (c: number) => [share(right(c), truly[c]!), share(right(c), predicted[c]!)];
  const known = truly.reduce((a, b) => a + b, 0);
  const left = measured.truth.rows - known;
  const unknown = left > 0 ? ` ${left} rows of classes that training did not know are not in it.` : '';
  if (classes.length <= MOST_CLASSES) {
    const dense = classes.length > MOST_SHARES;
    const lines = classes.map((name, i) => ({
      head: `${name} (${truly[i]})`,
      cells: classes.map((other, k): HeatCell => {
        const rows = pairs.get(i * classes.length + k) ?? 0;
        const part = truly[i]! > 0 ? rows / truly[i]! : 0;
        const title = `${rows} of ${truly[i]} rows of ${name} are predicted to be ${other}`;
        const text = rows === 0 ? '\u00b7' : dense ? String(rows) : `${rows} (${share(rows, truly[i]!)})`;
        return { text, share: part, tone: i === k ? 'right' : 'wrong', title };
      }),
      after: quality(i),
    }));
    const note = `<p>Of ${escaped(rows)}: a row for each true class, a column for each prediction, ${dense ? 'the colour by the share' : 'shares'} of the true class.${unknown}</p>`;
    return `<h2>Confusion</h2>${note}<div class="wide">${heatTable('true \\ predicted', classes, lines, { after: HEADS, dense })}</div>`;
  }
  const mistakes = [...pairs].filter(([pair]) => Math.floor(pair / classes.length) !== pair % classes.length);
  const most = mistakes.sort(([, a], [, b]) => b - a).slice(0, MOST_PAIRS);
  const confused = most.map(([pair, rows]) => {
    const [label, guess] = [Math.floor(pair / classes.length), pair % classes.length];
    return [classes[label]!, classes[guess]!, String(rows), share(rows, truly[label]!)];
  });
  const present = classes.map((_, c) => c).filter((c) => truly[c]! > 0);
  const worst = present.sort((a, b) => right(a) / truly[a]! - right(b) / truly[b]!).slice(0, MOST_PAIRS);
  const named = worst.map((c) => [classes[c]!, String(truly[c]), ...quality(c)]);
  return [
    `<h2>Confusion</h2><p>Of ${escaped(rows)}, in ${present.length} of ${classes.length} classes: what is mistaken most often, and the classes that are found least.${unknown}</p>`,
    table(confused, ['true', 'predicted', 'rows', 'of the class']),
    table(named, ['class', 'rows', ...HEADS]),
  ].join('');
}
