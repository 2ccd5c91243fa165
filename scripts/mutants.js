// Puts faults into a copy of the project, one at a time, and runs the tests that must see them:
//   node scripts/mutants.js [ID...]      those of test/mutants/*.js; build the project first
// Prints killed, SURVIVED or STALE for each; the exit code is 1 where one is not killed.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const lists = join(root, 'test/mutants');
const wanted = process.argv.slice(2);
const all = [];
for (const name of readdirSync(lists).filter((file) => file.endsWith('.js'))) {
  all.push(...(await import(pathToFileURL(join(lists, name)).href)).mutants);
}
const unknown = wanted.filter((id) => !all.some((mutant) => mutant.id === id));
if (unknown.length > 0) throw new Error(`There is no mutant ${unknown.join(', ')}.`);
const mutants = all.filter(({ id }) => wanted.length === 0 || wanted.includes(id));

const copy = mkdtempSync(join(tmpdir(), 'myelin-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const name of readdirSync(root)) {
  if (!['node_modules', '.git', 'findings'].includes(name))
    cpSync(join(root, name), join(copy, name), { recursive: true });
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

/** Runs test files in the copy; the names of the tests that fail, or what kept them from running. */
function failures(tests) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--bail=1', '--reporter=json', ...tests];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const at = stdout.indexOf('{"numTotalTestSuites"');
  if (at < 0) throw new Error(`vitest did not report: ${stderr.slice(-2000)}`);
  const { testResults } = JSON.parse(stdout.slice(at));
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((result) => result.status === 'failed').map(({ fullName }) => fullName);
    return failed.length === 0 && status === 'failed' ? [`${name} did not run: ${message.slice(0, 300)}`] : failed;
  });
}

/** Builds what tests run from build/. */
function build() {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'build:js'], { cwd: copy, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** What became of a mutant. */
function judge({ edits, tests, build: needsBuild = false }) {
  const present = tests.filter((file) => existsSync(join(copy, file)));
  if (present.length === 0) return { verdict: 'SURVIVED', why: `there is no ${tests.join(' or ')}` };
  const before = new Map();
  for (const { file, from, to } of edits) {
    const path = join(copy, file);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const count = text.split(from).length - 1;
    if (!before.has(path)) before.set(path, text);
    if (count !== 1) {
      restore(before);
      return { verdict: 'STALE', why: `${file} has its place ${count} times` };
    }
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  try {
    if (needsBuild) build();
    const [first] = failures(present);
    return first === undefined ? { verdict: 'SURVIVED', why: present.join(', ') } : { verdict: 'killed', why: first };
  } finally {
    restore(before);
    if (needsBuild) build();
  }
}

function restore(texts) {
  for (const [path, text] of texts) if (text !== '') writeFileSync(path, text);
}

// Without a fault the tests pass, or nothing that fails means anything.
const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))].filter((file) => existsSync(join(copy, file)));
const broken = failures(tests);
if (broken.length > 0) throw new Error(`The tests fail without a mutant: ${broken.join('; ')}`);

let alive = 0;
for (const mutant of mutants) {
  const began = performance.now();
  const { verdict, why } = judge(mutant);
  if (verdict !== 'killed') alive++;
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4);
  console.log(`${mutant.id.padEnd(4)} ${verdict.padEnd(8)} ${seconds} s  ${mutant.what}\n${' '.repeat(22)}${why}`);
}
console.log(`${mutants.length} mutants, ${mutants.length - alive} killed`);
process.exitCode = alive > 0 ? 1 : 0;
