import { expect, test } from 'vitest';
import { readCsv, readJson, readJsonLines, streamJsonLines, type Table, tableFromRows } from '../../src/data/index.js';

// Cells drawn from what people write: every reader makes the same of them, and makes it again with what it remembers.

const CELLS = [
  ...[
    '1',
    '-2',
    '3.5',
    '1e5',
    '1,250',
    '12,000',
    '1.250',
    '1 234',
    "1'234",
    '12%',
    '$5',
    '\u20ac7',
    '(5)',
    '\u22125',
    '007',
    '021.2',
  ],
  ...[
    '9007199254740993',
    `1${'0'.repeat(70)}`,
    `0.${'3'.repeat(80)}`,
    '1e999',
    'inf',
    '-Infinity',
    '',
    'NA',
    'n/a',
    '-',
    'None',
    '.',
    '?',
  ],
  ...[
    'yes',
    'no',
    'Y',
    'N',
    'T',
    'F',
    'true',
    'FALSE',
    '0',
    '-999',
    '-999.0',
    '  5 ',
    '\u00e9',
    '\u{1f600}',
    'x"y',
    'a,b',
    'abc',
  ],
  ...[
    '2024-01-31',
    '31/01/2024',
    '1/31/2024',
    '5/6/2024',
    '5.6.2024',
    '2024-01',
    'Jan 2024',
    '31-Jan-24',
    '10:30',
    '0000-00-00',
  ],
  ...[
    '1/2',
    '..',
    '--5',
    '5-',
    '+',
    '%',
    '$',
    '()',
    'e5',
    '1e',
    '1e5e5',
    '1,2,3',
    '12.12.12',
    '1.2.3.4',
    '20240131T101010Z',
    '\u0663',
  ],
];
const OPTIONS = [
  {},
  {},
  {},
  { missing: [] },
  { missing: ['-999', '5/6/2024'] },
  { decimal: ',' },
  { dateFormat: 'DMY' },
  { thousands: ',' },
] as const;

const shown = (table: Table) => {
  const cells = Array.from({ length: table.rows }, (_, row) => table.value(row, 'c'));
  return [table.column('c').kind, ...cells.map((cell) => (typeof cell === 'number' ? `number ${cell}` : cell))];
};

test('readers agree, texts stay as they are, and tables are read again alike', async () => {
  let state = 12345;
  const draw = (n: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const kinds = new Map<string, number>();
  for (let turn = 0; turn < 1500; turn++) {
    const few = Array.from({ length: 1 + draw(4) }, () => CELLS[draw(CELLS.length)]!);
    const cells = Array.from({ length: 1 + draw(6) }, () => few[draw(few.length)]!);
    const options = OPTIONS[draw(OPTIONS.length)]!;
    const rows = cells.map((c) => ({ c, d: 'x' }));
    const quoted = cells.map((cell) => `"${cell.replaceAll('"', '""')}"`);
    const text = `c,d\n${quoted.map((cell) => `${cell},x`).join('\n')}\n`;
    const file = { header: true, separator: ',' } as const;
    const csv = await readCsv({ text }, { ...options, ...file });
    const expected = shown(csv);
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const others = [
      await readJson({ text: JSON.stringify(rows) }, options),
      await readJsonLines({ text: lines }, options),
      tableFromRows(rows, options),
      await readCsv({ text }, { ...csv.reading, ...file, kinds: { c: csv.column('c').kind } }),
    ];
    for await (const block of streamJsonLines({ text: lines }, options)) others.push(block);
    for (const table of others) expect([cells, options, shown(table)]).toEqual([cells, options, expected]);
    const [kind] = expected;
    kinds.set(kind as string, (kinds.get(kind as string) ?? 0) + 1);
    if (kind !== 'category') continue;
    cells.forEach((cell, row) => {
      expect([cell.trim(), null]).toContain(csv.value(row, 'c'));
    });
  }
  expect([...kinds.keys()].sort()).toEqual(['boolean', 'category', 'date', 'number']);
}, 60_000);

test('blocks of a stream of lines are read as the first one', async () => {
  const line = (d: string, p: string) => JSON.stringify({ d, p, fill: 'x'.repeat(40) });
  const first = Array.from({ length: 5000 }, (_, i) => line(`${1 + (i % 28)}/1/2024`, `1,${100 + (i % 800)},000`));
  const later = Array.from({ length: 5000 }, () => line('2/3/2024', '1,250'));
  const seen = new Set<string>();
  let blocks = 0;
  for await (const table of streamJsonLines({ text: [...first, ...later].join('\n') })) {
    blocks++;
    for (let row = 0; row < table.rows; row++) seen.add(`${table.value(row, 'd')} ${table.value(row, 'p')}`);
  }
  expect(blocks).toBeGreaterThan(2);
  expect(seen).toContain('2024-03-02T00:00:00.000Z 1250');
  expect(seen).not.toContain('2024-02-03T00:00:00.000Z 1250');
});
