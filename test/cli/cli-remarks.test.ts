import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typed } from '../../src/cli/messages.js';
import { workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

// Remarks and errors name options as they are typed, and lines of the file, wherever on a terminal they stand.

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));
const quick = ['--epochs', '2', '--members', '1', '--layers', '4'];

testSome([
  ["say missing: ['#NV']", "say --missing '#NV'"],
  ["say missing: ['a, b']", `say --missing '"a, b"'`],
  ["missing: ['-999', '-9999'] if", '--missing -999,-9999 if'],
  [`missing: ["it's"]`, `--missing 'it'\\''s'`],
  ["comment: '(100 rows)' leaves out", "--comment '(100 rows)' leaves out"],
  ["columns: { id: 'number' } rounds", '--columns id=number rounds'],
  ["columns: { 'area, m2': 'number' }", `--columns '"area, m2"=number'`],
  ["decimal: ',' and thousands: '.'", '--decimal , and --thousands .'],
  [`thousands: "'"`, `--thousands ''\\'''`],
  ["dateFormat: 'DMY' or dateFormat: 'MDY'", '--date-format DMY or --date-format MDY'],
  ["as a number, say task: 'regression' (--task regression)", 'as a number, say --task regression'],
])('%s', (text, found) => {
  expect(typed(text)).toContain(found);
});

describe('a German export', () => {
  const rows = Array.from(
    { length: 80 },
    (_, i) => `${i % 9 === 3 ? '#NV' : `${10 + (i % 8)},5`};${1 + i}.${100 + i},50 €;${i % 2}`,
  );
  beforeAll(() => {
    writeFileSync(at('de.csv'), ['Größe;Preis;ja', ...rows].join('\r\n'));
    writeFileSync(at('units.csv'), ['d,y', ...rows.map((_, i) => `${i}.5ms,${i % 2}`)].join('\n'));
    const ids = rows.map((_, i) => `${9007199254740993n + BigInt(2 * i)},${i % 5},${i % 2}`);
    writeFileSync(at('ids.csv'), ['id,a,y', ...ids].join('\n'));
  });

  test('in the report, the notes and the error of a target of texts', async () => {
    const { code, stdout, stderr } = await myelin(['train', 'de.csv', '--target', 'Preis', ...quick]);
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).not.toMatch(/missing:|decimal:|columns:|task:\s/);
    expect(stderr).toMatch(
      /error: target: .*'Preis' is read as texts, though all would be numbers with --decimal , and --thousands \.$/m,
    );
    const again = await myelin(['train', 'de.csv', '--target', 'Preis', '--task', 'regression', ...quick]);
    expect(again.stderr).toMatch(/error: task: .*with --decimal , and --thousands \.$/m);
  });

  test('as advised it is read, and errors of spreadsheets in other languages are missing', async () => {
    const args = ['--target', 'Preis', '--decimal', ',', '--thousands', '.', ...quick, '--json', '--out', 'de.myelin'];
    const { code, stdout } = await myelin(['train', 'de.csv', ...args]);
    expect(code).toBe(0);
    const { record, remarks } = JSON.parse(stdout);
    expect(record.task).toBe('regression');
    expect(record.inputs.find(({ name }: { name: string }) => name === 'Größe')).toMatchObject({
      kind: 'number',
      missing: 9,
    });
    expect(remarks.join()).toContain("'#NV' is taken for a missing value (9 cells, first in line 5)");
  });

  test('in what is said after training, with the line of the file, also of a part of it', async () => {
    const args = ['--target', 'y', '--test-share', '0.2', ...quick, '--out', 'ids.myelin'];
    const { stdout } = await myelin(['train', 'ids.csv', ...args]);
    const [note] = stdout.split('\n').filter((text) => text.startsWith("'id' is left out"));
    expect(note).toMatch(/first in line \d+\); --columns id=number rounds them$/);
    const shown = (await myelin(['inspect', 'ids.myelin'])).stdout;
    expect(shown).toContain('--columns id=number rounds them');
    const units = await myelin(['train', 'units.csv', '--target', 'y', ...quick, '--out', 'units.myelin']);
    expect(units.stderr + units.stdout).toContain("without 'ms'; take it out of the cells to learn from numbers");
  });
});

test('a note below a table is an error that says how to leave it out', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 2 ? 'u' : 'v'}`).join('\n');
  writeFileSync(at('note.csv'), `a,y\n${rows}\n(60 rows)\n`);
  const { code, stderr } = await myelin(['train', 'note.csv', '--target', 'y', ...quick]);
  expect(code).toBe(1);
  expect(stderr).toContain(
    "line 62, column 10: the row has 1 field where the first has 2. If the line is no row but a note, --comment '(60 rows)' leaves out lines that begin so.",
  );
  const again = await myelin(['train', 'note.csv', '--target', 'y', '--comment', '(60 rows)', ...quick]);
  expect([
    again.code,
    again.stdout.includes('60 rows, 2 columns') || again.stderr.includes('60 rows, 2 columns'),
  ]).toEqual([0, true]);
});
