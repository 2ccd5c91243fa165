import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTabular } from '../../src/data/index.js';
import { workspace } from '../support/cli.js';
import { testSome, thorough } from '../support/effort.js';

const { folder, at, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

const [ROWS, HEIGHT, WIDTH] = [120, 14, 20];

function idx(type: number, shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, type, shape.length]);
  shape.forEach((size, i) => {
    head.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([head, bytes]);
}

/** Images with a frame of 0 that are bright on the left or on the right, as their label says. */
function pixels(brighter = 0): Uint8Array {
  return Uint8Array.from({ length: ROWS * HEIGHT * WIDTH }, (_, i) => {
    const [row, y, x] = [Math.floor(i / HEIGHT / WIDTH), Math.floor(i / WIDTH) % HEIGHT, i % WIDTH];
    if (y === 0 || y === HEIGHT - 1) return 0;
    const noise = (i * 7919 + row * 31) % 60;
    return x < WIDTH / 2 === (row % 2 === 0) ? 180 + noise + brighter : noise;
  });
}

function twoBytes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 2 * bytes.length }, (_, i) => (i % 2 === 0 ? 0 : bytes[i >> 1]!));
}

const shape = [ROWS, HEIGHT, WIDTH];
const options = ['--target', 'label', '--epochs', '3', '--layers', '4', '--members', '2'];

beforeAll(() => {
  writeFileSync(at('images.gz'), gzipSync(idx(8, shape, pixels())));
  writeFileSync(at('wide'), idx(11, shape, twoBytes(pixels())));
  writeFileSync(at('brighter'), idx(8, shape, pixels(10)));
  writeFileSync(
    at('labels'),
    idx(
      8,
      [ROWS],
      Uint8Array.from({ length: ROWS }, (_, row) => row % 2),
    ),
  );
});

describe('idx', () => {
  thorough(
    'bytes and larger numbers of the same values train the same model; the report draws images of any shape',
    async () => {
      const train = (images: string, out: string, more: readonly string[] = []) =>
        myelin(['train', images, '--labels', 'labels', ...options, '--out', out, ...more]);
      const first = await train('images.gz', 'bytes.myelin', ['--report', 'page.html']);
      expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/epoch 3 of 3/)]);
      expect(first.stdout).toMatch(/40 columns are left out, as each has one value: 'pixel1' to 'pixel280'/);
      expect((await train('wide', 'wide.myelin')).code).toBe(0);
      expect(readFileSync(at('wide.myelin'))).toEqual(readFileSync(at('bytes.myelin')));
      const page = readFileSync(at('page.html'), 'utf8');
      expect(page).toMatch(/Importance of 20 x 14 points/);
      expect(page).toMatch(/280 numbers, the points of an image of 20 x 14: pixel1 to pixel280/);
      expect(page).not.toMatch(/more columns/);
      const { record } = await loadTabular(at('bytes.myelin'));
      expect(record.inputs[0]).toMatchObject({ name: 'pixel21', missing: 0, min: expect.any(Number) });
    },
  );

  test('what evaluation remarks on many pixels are two sentences, and one on those that are not used', async () => {
    const { code, stderr, stdout } = await myelin(['evaluate', 'bytes.myelin', 'brighter', '--labels', 'labels']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/accuracy +1 /);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^warning: not used: ('pixel\d+', ){9}'pixel10' and 30 other columns$/),
      expect.stringMatching(
        /^warning: 'pixel21': 2\d\d is outside \d+ to 2\d\d, the range of training \(\d+ times, first in row \d+\)$/,
      ),
      expect.stringMatching(/^warning: so are \d+ values of \d+ other columns, such as 'pixel\d+'$/),
    ]);
  });

  test('predict reads them without labels, as it reads their numbers in CSV', async () => {
    const names = Array.from({ length: HEIGHT * WIDTH }, (_, i) => `pixel${i + 1}`);
    const all = pixels();
    const lines = Array.from({ length: ROWS }, (_, row) =>
      all
        .subarray(row * names.length)
        .slice(0, names.length)
        .join(),
    );
    writeFileSync(at('images.csv'), `${[names.join(), ...lines].join('\n')}\n`);
    const [idx, zipped, csv] = [
      await myelin(['predict', 'bytes.myelin', 'wide', '--keep', 'pixel22']),
      await myelin(['predict', 'bytes.myelin', 'images.gz', '--keep', 'pixel22']),
      await myelin(['predict', 'bytes.myelin', 'images.csv', '--keep', 'pixel22']),
    ];
    expect([idx.code, idx.stdout.split('\n').length]).toEqual([0, ROWS + 2]);
    expect([idx.stdout, zipped.stdout]).toEqual([csv.stdout, csv.stdout]);
  });

  testSome([
    ['train', ['wide', ...options, '--out', 'none.myelin'], /--labels: .*wide.* is idx, whose labels/],
    ['evaluate', ['bytes.myelin', 'wide'], /--labels: .*wide.* is idx, whose labels/],
    ['predict', ['bytes.myelin', 'nul'], /there is a NUL/],
  ])('%s: says what idx lacks', async (command, args, message) => {
    writeFileSync(at('nul'), 'a,b\n1,\0\n');
    const { code, stderr } = await myelin([command, ...args]);
    expect([code, stderr]).toEqual([command === 'predict' ? 1 : 2, expect.stringMatching(message)]);
  });

  testSome([
    [['--missing', '0'], /--missing: says how text is read/],
    [['--columns', 'pixel1=category'], /--columns: says how text is read/],
    [['--names', 'a,b'], /--names: /],
    [['--no-header'], /--header: /],
    [['--no-quote'], /--no-quote: /],
    [['--format', 'csv'], /--format: /],
    [['--skip-lines', '1'], /--skip-lines: /],
    [['--max-rows', '100'], /--max-rows: expected at most 100, got 120 images/],
    [['--max-bytes', '100'], /more than 100 bytes|maxBytes|100/],
  ])('what says how text is read is refused: %j', async (flags, message) => {
    const args = ['train', 'wide', '--labels', 'labels', ...options, '--out', 'none.myelin', ...flags];
    const { code, stderr } = await myelin(args);
    expect([code, stderr]).toEqual([flags[0]!.startsWith('--max') ? 1 : 2, expect.stringMatching(message)]);
  });

  test('labels of another count are refused', async () => {
    writeFileSync(at('few'), idx(8, [ROWS - 1], new Uint8Array(ROWS - 1)));
    const { code, stderr } = await myelin(['train', 'wide', '--labels', 'few', ...options, '--out', 'none.myelin']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/--labels: expected 120, got 119 labels/)]);
  });
});
