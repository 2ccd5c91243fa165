import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = async (name: string, ...args: readonly string[]) =>
  (await promisify(execFile)(process.execPath, [join(root, 'examples', name), ...args])).stdout;

test('every example has a row in examples/README.md, and a test that runs it', () => {
  const examples = readdirSync(join(root, 'examples')).filter((name) => !/^(README\.md|tsconfig\.json)$/.test(name));
  const page = readFileSync(join(root, 'examples/README.md'), 'utf8');
  const tests = ['docs', 'package', 'cli', 'fit', 'engine'].flatMap((room) =>
    readdirSync(join(root, 'test', room))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(root, 'test', room, name), 'utf8')),
  );
  expect(examples.length).toBeGreaterThan(7);
  for (const example of examples) {
    expect(page).toMatch(new RegExp(`^\\| \\[${example}\\]`, 'm'));
    expect([
      example,
      tests.some((text) => text.includes(`'${example}`) || text.includes(`examples/${example}`)),
    ]).toEqual([example, true]);
  }
});

test('the classifier of embeddings knows texts that it has not seen', async () => {
  expect(await run('embeddings.js')).toBe('my bill is wrong: billing\nthe login page is down: outage\n');
});

test('the stream is learned', async () => {
  const [first, , last] = /loss (.*)\n/
    .exec(await run('stream.js', '6000'))![1]!
    .split(', ')
    .map(Number);
  expect(last!).toBeLessThan(first! / 5);
});

test('the online learner notices a change, and follows it', async () => {
  const errors = [...(await run('online.js')).matchAll(/error ([\d.]+)/g)].map(([, error]) => Number(error));
  const [, , before, changed, , , after] = errors as [number, number, number, number, number, number, number];
  expect(changed).toBeGreaterThan(10 * before);
  expect(after).toBeLessThan(changed / 10);
});

const lines = async (name: string) => (await run(name)).trimEnd().split('\n');
const numbers = (line: string) => [...line.matchAll(/-?[\d.]+/g)].map(Number);

test('the generator has the moments of real points', async () => {
  const [untrained, generated, real] = (await lines('gan.js')).map(numbers) as [number[], number[], number[]];
  expect(real).toHaveLength(5);
  const distance = (points: number[]) => Math.max(...points.map((value, i) => Math.abs(value - real[i]!)));
  expect(distance(untrained)).toBeGreaterThan(0.5);
  expect(distance(generated)).toBeLessThan(0.25);
});

test('the policy balances the pole ever longer', async () => {
  const steps = (await lines('policy-gradient.js')).map((line) => numbers(line)[1]!);
  expect(steps[0]).toBeLessThan(30);
  expect(steps.at(-1)).toBeGreaterThan(150);
});

test('training with bounded gradients and noise learns the digits', async () => {
  const accuracies = (await lines('private.js')).map((line) => numbers(line)[1]!);
  expect(accuracies[0]).toBeLessThan(0.8);
  expect(accuracies.at(-1)).toBeGreaterThan(0.92);
});

test('the pixels that speak for a verdict carry it', async () => {
  const [accuracy, least, most] = (await lines('saliency.js')).slice(-3).map((line) => numbers(line).at(-1)!);
  expect(accuracy).toBeGreaterThan(0.95);
  expect(least).toBeGreaterThan(0.9);
  expect(most).toBeLessThan(0.3);
});

test('examples of gradients are short enough to be read', () => {
  for (const name of ['gan', 'policy-gradient', 'private', 'saliency']) {
    const text = readFileSync(join(root, 'examples', `${name}.js`), 'utf8');
    expect(text.trimEnd().split('\n').length, name).toBeLessThanOrEqual(60);
  }
});

test('the service predicts, learns and refuses', async () => {
  const env = { ...process.env, PORT: '0' };
  const service = spawn(process.execPath, [join(root, 'examples/service.js')], { env });
  try {
    const [said] = (await once(service.stdout, 'data')) as [Buffer];
    const post = async (path: string, body: object) => {
      const response = await fetch(`${String(said).trim()}${path}`, { method: 'POST', body: JSON.stringify(body) });
      return [response.status, await response.json()] as const;
    };
    const [, before] = await post('/predict', { row: [1, 0] });
    for (let i = 0; i < 60; i++) await post('/learn', { row: [1, 0], label: 1 });
    const [status, after] = await post('/predict', { row: [1, 0] });
    expect(status).toBe(200);
    expect(after.probability).toBeGreaterThan(before.probability);
    expect((await post('/predict', { row: [1] }))[0]).toBe(400);
  } finally {
    service.kill();
  }
});
