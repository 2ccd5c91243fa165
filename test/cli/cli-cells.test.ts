import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

// What the command makes of cells: markers, ids, dates and numbers as people write them, and what --keep passes on.

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const quick = ['--epochs', '2', '--members', '1'];
const id = (i: number) => String(9007199254740993n + BigInt(i));

function rows(count: number, each: (i: number) => readonly (string | number)[]): string {
  return `${Array.from({ length: count }, (_, i) => each(i).join()).join('\n')}\n`;
}

describe('predict --keep', () => {
  const head = 'id,day,ok,price,code,x';
  const cells = [
    `${id(0)},5/6/2024,yes,"$1,250",007,1.50`,
    `${id(3)},31/12/2024,No,$950,7,-0`,
    `${id(4)},,N/A,n/a,-,1e3`,
    `${id(5)},1/1/2025,NO,"$12,000.50","a ""b"", c",+2`,
  ];

  beforeAll(async () => {
    const body = rows(120, (i) => [
      id(i),
      `${(i % 28) + 1}/${(i % 12) + 1}/2024`,
      i % 2 ? 'Yes' : 'No',
      `"$${1 + (i % 9)},${100 + i}"`,
      `0${i % 5}`,
      i % 9,
      (i % 9) * 1.5,
    ]);
    writeFileSync(at('train.csv'), `${head},y\n${body}`);
    const told = await myelin(['train', 'train.csv', '--target', 'y', '--drop', 'code', '--out', 'm.myelin', ...quick]);
    expect(told.code).toBe(0);
    expect(told.stderr).toMatch(
      /^note: 'id' is read as texts, since '9007199254740993' is beyond 2\^53.*--columns id=number/m,
    );
    expect(told.stderr).toMatch(/^note: 'code' is read as texts, since '00' begins with 0/m);
    writeFileSync(at('new.csv'), `${head}\n${cells.join('\n')}\n`);
  }, 60_000);

  test('writes what the file has, cell for cell, whatever was learned from it', async () => {
    const names = head.split(',');
    const { code, stdout } = await myelin(['predict', 'm.myelin', 'new.csv', '--keep', head, '--quiet']);
    expect(code).toBe(0);
    const [first, ...lines] = stdout.trimEnd().split('\n');
    expect(first).toBe(`${names.join()},y`);
    const unquoted = (line: string) => line.replaceAll('"$950"', '$950');
    expect(lines.map((line) => unquoted(line.slice(0, line.lastIndexOf(','))))).toEqual(cells.map(unquoted));
    const some = await myelin(['predict', 'm.myelin', 'new.csv', '--keep', 'ok,id', '--quiet']);
    expect(some.stdout.split('\n')[2]).toMatch(new RegExp(`^No,${id(3)},`));
  });

  test('of standard input, JSON Lines and JSON, the target among them', async () => {
    const given = [
      { id: '9007199254740993', day: '5/6/2024', ok: 'yes', price: '$1,250', code: '007', x: 1, y: '1,5' },
      { id: '12', day: null, ok: null, price: 7, code: null, x: null, y: 'n/a' },
    ];
    const exact = (text: string) => text.replace('"9007199254740993"', '9007199254740993');
    writeFileSync(at('new.jsonl'), exact(given.map((row) => JSON.stringify(row)).join('\n')));
    writeFileSync(at('new.json'), exact(JSON.stringify(given)));
    for (const file of ['new.jsonl', 'new.json']) {
      const { stdout } = await myelin(['predict', 'm.myelin', file, '--keep', 'id,day,ok,price,y', '--quiet']);
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toBe('id,day,ok,price,y (given),y');
      expect(lines[1]).toMatch(/^9007199254740993,5\/6\/2024,yes,"\$1,250","1,5",-?\d/);
      expect(lines[2]).toMatch(/^12,,,7,n\/a,-?\d/);
    }
  });
});

describe('flags', () => {
  const day = (i: number) => `${(i % 12) + 1}/${(i % 12) + 1 + (i % 2 && 1)}/24`;
  const columns = (i: number) => [day(i % 11), `"${1 + (i % 9)},${100 + i}"`, i % 6 === 0 ? '-999.0' : i, (i % 9) * 2];
  const train = ['train', 'f.csv', '--target', 'y', '--out', 'f.myelin', ...quick];

  beforeAll(() => writeFileSync(at('f.csv'), `d,p,n,y\n${rows(90, columns)}`));

  test('what is in doubt is told with the flag that says it', async () => {
    const { stderr } = await myelin(train);
    expect(stderr).toMatch(/^note: 'd' is read as texts, .*: say --date-format d=DMY or --date-format d=MDY$/m);
    expect(stderr).toMatch(/^note: 'p' is read as texts, though all would be numbers with --thousands ,$/m);
  }, 60_000);

  test('they are kept with the model', async () => {
    const flags = ['--date-format', 'd=DMY', '--thousands', ',', '--missing', '-999'];
    const told = await myelin([...train, ...flags, '--json']);
    const { record } = JSON.parse(told.stdout);
    expect(record.inputs).toMatchObject([
      { kind: 'date' },
      { kind: 'number', min: 1100 },
      { kind: 'number', min: 1, missing: 15 },
    ]);
    expect(record.reading).toMatchObject({ dateFormat: { d: 'DMY' }, thousands: ',' });
    expect((await myelin(['inspect', 'f.myelin'])).stdout).toMatch(
      /^Reading: missing values are .*'-999'; thousands are separated by ','; dates are written 'DMY' in 'd'$/m,
    );
    writeFileSync(at('g.csv'), 'd,p,n,y\n5/6/24,"1,250",-999,3\n');
    writeFileSync(at('h.csv'), 'd,p,n,y\n2024-06-05,1250,,3\n');
    const [g, h] = await Promise.all(
      ['g.csv', 'h.csv'].map((file) => myelin(['predict', 'f.myelin', file, '--quiet'])),
    );
    expect([g!.code, g!.stdout]).toEqual([0, h!.stdout]);
    const [eg, eh] = await Promise.all(
      ['g.csv', 'h.csv'].map((file) => myelin(['evaluate', 'f.myelin', file, '--json'])),
    );
    expect([eg!.code, eg!.stdout]).toEqual([0, eh!.stdout]);
    const other = await myelin(['predict', 'f.myelin', 'g.csv', '--date-format', 'MDY', '--quiet']);
    expect(other.stdout).not.toBe(g!.stdout);
  }, 60_000);

  testSome([
    [['--date-format', 'd=Q'], /DMY, MDY, YMD or a format/],
    [['--thousands', ';'], /Allowed choices are/],
  ])('%j is refused', async (flags, message) => {
    expect(await myelin([...train, ...flags])).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});
