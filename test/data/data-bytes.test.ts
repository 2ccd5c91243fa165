import { describe, expect, test, vi } from 'vitest';
import { bytesColumn } from '../../src/data/bytes-column.js';
import {
  type Column,
  clipOutliers,
  fillMissing,
  kFold,
  log1p,
  maxAbs,
  minMax,
  type NumberColumn,
  oneHot,
  ordinal,
  type PreprocessOptions,
  pca,
  preprocess,
  quantileNormal,
  robust,
  type StepSpec,
  split,
  standardize,
  Table,
  tabular,
  zeroCentre,
} from '../../src/data/index.js';
import { typescript } from '../../src/index.js';

const ROWS = 120;

/** Images of 6 x 6 points whose brighter half is the class, a border that is always 0, and one column that never is. */
function bytes(at: number): Uint8Array {
  return Uint8Array.from({ length: ROWS }, (_, row) => {
    if (at % 6 === 0) return at === 0 ? 7 : 0;
    const noise = (row * 37 + at * 101 + ((row * at) % 13) * 17) % 90;
    const upper = at < 18;
    return (row % 2 === 0) === upper ? 165 + noise : noise;
  });
}

const label: Column = {
  name: 'label',
  kind: 'number',
  values: Float64Array.from({ length: ROWS }, (_, row) => row % 2),
};
const names = Array.from({ length: 36 }, (_, at) => `pixel${at + 1}`);

/** The same table twice: its columns hold bytes, and float64. */
const narrow = () => new Table([...names.map((name, at) => bytesColumn(name, bytes(at))), label]);
const wide = () =>
  new Table([
    ...names.map((name, at): Column => ({ name, kind: 'number', values: Float64Array.from(bytes(at)) })),
    label,
  ]);

const plain = (table: Table) => table.columns.map((column) => ({ ...column }));

describe('columns of bytes', () => {
  test.each<[string, (table: Table) => unknown]>([
    ['cells', (table) => [0, 3, ROWS - 1].map((row) => names.map((name) => table.value(row, name)))],
    ['objects', (table) => table.toObjects()],
    ['rows', (table) => plain(table.take([5, 5, 0, ROWS - 1]))],
    ['a slice', (table) => plain(table.slice(3, 40))],
    ['columns', (table) => plain(table.select(['pixel9', 'label']).drop('label'))],
    ['copies', (table) => plain(table)],
    ['a split', (table) => split(table, { stratify: table.column('pixel8'), test: 0.3 })],
    ['folds', (table) => kFold(table, { folds: 3, groups: table.column('pixel10') })],
  ])('have the same %s', (_, of) => {
    expect(of(narrow())).toEqual(of(wide()));
  });

  test('hold float64 once somebody asks for it, and copies hold nothing else', () => {
    const column = bytesColumn('a', Uint8Array.of(0, 128, 255));
    expect(column.values).toEqual(Float64Array.of(0, 128, 255));
    expect(column.values).toBe(column.values);
    const doubled = { ...column, values: column.values.map((value) => 2 * value) };
    const table = new Table([doubled]);
    expect([table.value(2, 'a'), table.take([1]).value(0, 'a')]).toEqual([510, 256]);
    expect(preprocess({ numbers: [] }).fitTransform(table).data).toEqual(Float32Array.of(0, 256, 510));
  });

  const chains: readonly (readonly StepSpec[])[] = [
    [],
    [standardize()],
    [standardize({ center: false })],
    [zeroCentre()],
    [minMax()],
    [minMax({ low: 0, high: 255, max: 4 }), zeroCentre(), fillMissing({ indicator: true })],
    [minMax({ max: 1e-150 }), zeroCentre(), standardize()],
    [minMax({ max: 1e200 }), zeroCentre(), standardize()],
    [robust()],
    [maxAbs()],
    [log1p(), standardize(), fillMissing({ indicator: true })],
    [log1p({ signed: true })],
    [quantileNormal({ quantiles: 50 })],
    [clipOutliers(), zeroCentre()],
    [clipOutliers({ method: 'quantile' })],
    [fillMissing()],
    [zeroCentre(), fillMissing({ strategy: 'mean' })],
    [minMax(), fillMissing({ strategy: 'mostFrequent' })],
    [fillMissing({ value: 3 }), minMax()],
    [oneHot()],
    [ordinal(), standardize()],
  ];
  const all: readonly PreprocessOptions[] = [
    ...chains.map((numbers) => ({ numbers })),
    { after: pca({ components: 3 }) },
  ];
  test.each(all.map((options) => [JSON.stringify(options), options] as const))(
    'become the same features: %s',
    (_, options) => {
      const [ofBytes, ofNumbers] = [preprocess(options), preprocess(options)];
      const x = ofBytes.fitTransform(narrow());
      expect(x).toEqual(ofNumbers.fitTransform(wide()));
      expect(ofBytes.toJSON()).toEqual(ofNumbers.toJSON());
      expect(ofBytes.transform(narrow().slice(10, 50))).toEqual(ofNumbers.transform(wide().slice(10, 50)));
      expect(plain(ofBytes.inverseTransform(x))).toEqual(plain(ofNumbers.inverseTransform(x)));
    },
  );

  test.each([1, 3])('train the same networks, %d of them, without becoming float64', async (members) => {
    const options = { target: 'label', members, epochs: 2, layers: [4], backend: typescript() } as const;
    const table = narrow();
    const asked = names.map((name) => vi.spyOn(table.column(name) as NumberColumn, 'values', 'get'));
    const of = async (data: Table, test: Table) => {
      const pipeline = await tabular(options).fit(data);
      const explained = [...pipeline.explain(data, { rows: 30 })];
      const { record, held } = pipeline;
      return {
        record,
        held,
        explained,
        warnings: pipeline.warnings(test),
        metrics: pipeline.evaluate(data),
        bytes: pipeline.serialize(),
      };
    };
    const brighter = names.map((name, at) =>
      bytesColumn(
        name,
        bytes(at).map((byte) => Math.min(255, byte + 1)),
      ),
    );
    const same = await of(wide(), new Table(brighter.map((column): Column => ({ ...column }))));
    expect(await of(table, new Table(brighter))).toEqual(same);
    expect(same.warnings.length).toBeGreaterThan(0);
    for (const spy of asked) expect(spy).not.toHaveBeenCalled();
  });
});

test('features of a table too large to hold its columns twice are those of each column alone', () => {
  const [rows, width] = [300_000, 57];
  const values = Float64Array.from({ length: rows }, (_, row) => (row * 7919) % 1013);
  const columns = Array.from({ length: width }, (_, c): Column => ({ name: `c${c}`, kind: 'number', values }));
  const steps = { numbers: [], columns: { c20: standardize() } };
  const x = preprocess(steps).fitTransform(new Table(columns));
  const scaled = preprocess({ numbers: standardize() }).fitTransform(new Table(columns.slice(0, 1))).data;
  expect([x.rows, x.columns, x.data.length]).toEqual([rows, width, rows * width]);
  let different = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let c = 0; c < width; c++, at++) if (x.data[at] !== (c === 20 ? scaled[row] : values[row])) different++;
  }
  expect(different).toBe(0);
  const bad = { name: 'bad', kind: 'number', values: values.slice().fill(1e39, 5, 6) } as const;
  expect(() => preprocess(steps).fitTransform(new Table([...columns, bad]))).toThrow(/column 'bad', row 5/);
});
