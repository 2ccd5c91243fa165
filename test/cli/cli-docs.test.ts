import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// docs/cli.md: what it quotes of --help is what --help says, and its lines for a shell print what stands behind them.

const root = resolve(import.meta.dirname, '../..');
const script = join(root, 'build/cli.js');
const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
const commands = ['train', 'evaluate', 'predict', 'inspect', 'bench', 'profile'];
const shells = [...page.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\s*^```text\n([\s\S]*?)^```$)?/gm)];
let folder: string;
let bin: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-cli-docs-'));
  bin = mkdtempSync(join(tmpdir(), 'myelin-bin-'));
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${script}' "$@"\n`);
  chmodSync(join(bin, 'npx'), 0o755);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(bin, { recursive: true });
});

test.each(commands)('the help of %s is quoted as it is', async (command) => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, command, '--help']);
  expect(page).toContain(`\`\`\`text\n${stdout.trimEnd()}\n\`\`\``);
});

test('every command that --help lists is there', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--help']);
  const listed = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name);
  expect(listed).toEqual(commands);
});

describe('lines for a shell', () => {
  test.each(shells.map(({ 1: code, 2: printed }) => [code!, printed] as const))('%s', async (code, printed) => {
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const { stdout } = await promisify(execFile)('sh', ['-c', `exec 2>&1\n${code}`], { cwd: folder, env });
    if (printed !== undefined) expect(stdout).toBe(printed);
  });
}, 60_000);
