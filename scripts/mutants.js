// Puts faults into a copy of the project, one at a time, and runs the tests that must see them; build the project first.
//   npm run mutate                     every mutant of test/mutants/*.js
//   npm run mutate -- ID...            those with these ids
//   npm run mutate -- --room NAME      those of test/mutants/NAME.js
//   npm run mutate -- --trust         leaves out to run each test that fails without the fault as well
//   npm run mutate -- --stale          runs nothing: says whether the place of every mutant still stands in its file once
// Prints killed, SURVIVED, STALE or UNSOUND (its test fails without it, too) for each; the exit code is 1 where one is not killed.
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
import { parseArgs } from 'node:util';
import { createVitest } from 'vitest/node';

// A quick run leaves tests out.
process.env.MYELIN_EFFORT ??= 'full';

const root = resolve(import.meta.dirname, '..');
const lists = join(root, 'test/mutants');
const { values, positionals } = parseArgs({
  options: { room: { type: 'string' }, stale: { type: 'boolean' }, trust: { type: 'boolean' } },
  allowPositionals: true,
});

const all = [];
for (const name of readdirSync(lists).filter((file) => file.endsWith('.js'))) {
  const { mutants } = await import(pathToFileURL(join(lists, name)).href);
  for (const mutant of mutants) all.push({ ...mutant, room: name.slice(0, -3), edits: mutant.edits ?? [mutant] });
}
const twice = all.filter(({ id }, i) => all.findIndex((mutant) => mutant.id === id) !== i);
if (twice.length > 0) throw new Error(`Two mutants are named ${twice.map(({ id }) => id).join(', ')}.`);
const unknown = positionals.filter((id) => !all.some((mutant) => mutant.id === id));
if (unknown.length > 0) throw new Error(`There is no mutant ${unknown.join(', ')}.`);
const mutants = all.filter(({ id, room }) => {
  return (positionals.length === 0 || positionals.includes(id)) && (values.room ?? room) === room;
});
if (mutants.length === 0) throw new Error(`There is no room ${values.room}.`);

/** Why a mutant cannot be put into the project below `folder`: undefined where it can. */
function stale({ edits, tests }, folder) {
  for (const { file, from, to } of edits) {
    const path = join(folder, file);
    if (!existsSync(path)) return `there is no ${file}`;
    const count = readFileSync(path, 'utf8').split(from).length - 1;
    if (count !== 1) return `${file} has its place ${count} times`;
    if (from === to) return 'it changes nothing';
  }
  const gone = tests.find((file) => !existsSync(join(folder, file)));
  return gone && `there is no ${gone}`;
}

if (values.stale) {
  const found = mutants.map((mutant) => ({ id: mutant.id, why: stale(mutant, root) })).filter(({ why }) => why);
  for (const { id, why } of found) console.log(`${id.padEnd(4)} STALE    ${why}`);
  console.log(`${mutants.length} mutants, ${found.length} stale`);
  process.exit(found.length > 0 ? 1 : 0);
}

const copy = mkdtempSync(join(tmpdir(), 'myelin-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const name of readdirSync(root)) {
  if (!['node_modules', '.git', 'findings'].includes(name))
    cpSync(join(root, name), join(copy, name), { recursive: true });
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

const LONGEST = 300_000;
const NOT_RUN = 'did not run: ';
let vitest;

/** Runs a test file in the copy; the names of the tests that fail, or what kept them from running; undefined if none is named `only`. */
async function failures(file, only) {
  vitest ??= await createVitest('test', { root: copy, watch: false, bail: 1, reporters: [{}], maxWorkers: 1 });
  vitest.resetGlobalTestNamePattern();
  if (only) vitest.setGlobalTestNamePattern(only);
  vitest.state.clearErrors();
  vitest.state.filesMap.clear();
  const specifications = await vitest.globTestSpecifications([file]);
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LONGEST);
  });
  const result = await Promise.race([vitest.runTestSpecifications(specifications), late]);
  clearTimeout(timer);
  if (!result) {
    await vitest.close();
    vitest = undefined;
    return [`${NOT_RUN}no end within five minutes`];
  }
  const all = result.testModules.flatMap((module) => [...module.children.allTests()]);
  const failed = all.filter((test) => test.result().state === 'failed').map(({ fullName }) => fullName);
  const broken = result.testModules.flatMap((module) => module.errors()).concat(result.unhandledErrors);
  if (failed.length === 0 && broken.length > 0) return [`${NOT_RUN}${broken[0].message.slice(0, 200)}`];
  return failed.length > 0 || all.some((test) => test.result().state === 'passed') ? failed : undefined;
}

function write(path, text) {
  writeFileSync(path, text);
  vitest?.invalidateFile(path);
}

// The kernels of a mutant need not be fast: this takes a third of the time, and no bit depends on it.
const config = join(copy, 'asconfig.json');
const { options: optimized, ...rest } = JSON.parse(readFileSync(config, 'utf8'));
writeFileSync(config, JSON.stringify({ ...rest, options: { ...optimized, optimizeLevel: 0, converge: false } }));

const built = join(copy, 'build');
const kept = join(copy, 'build.kept');
if (mutants.some((mutant) => mutant.build)) cpSync(built, kept, { recursive: true });

/** Builds what tests run from build/: `wasm` the kernels, or true for the scripts. */
function build(what) {
  const script = what === 'wasm' ? 'build:wasm' : 'build:js';
  const { status, stderr } = spawnSync('npm', ['run', '--silent', script], { cwd: copy, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  forgetBuild();
}

function forgetBuild() {
  for (const file of readdirSync(built)) vitest?.invalidateFile(join(built, file));
}

const escapeTestName = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const sound = new Set();
/** Returns whether the test passes without the fault; otherwise its failure means nothing. */
async function isSound(file, name) {
  const only = name.startsWith(NOT_RUN) ? undefined : `^${name.split(' > ').map(escapeTestName).join('.{1,3}')}$`;
  if ((values.trust && only !== undefined) || sound.has(file + only)) return true;
  if ((await failures(file, only))?.length !== 0) return false;
  sound.add(file + only);
  return true;
}

/** Judges a mutant: killed, SURVIVED, STALE, BROKEN or UNSOUND. */
async function judge(mutant) {
  const why = stale(mutant, copy);
  if (why) return { verdict: 'STALE', why };
  const before = new Map();
  let killed;
  try {
    for (const { file, from, to } of mutant.edits) {
      const path = join(copy, file);
      const text = readFileSync(path, 'utf8');
      if (!before.has(path)) before.set(path, text);
      write(
        path,
        text.replace(from, () => to),
      );
    }
    if (mutant.build) build(mutant.build);
    let ran = false;
    for (const file of mutant.tests) {
      const failed = await failures(file, mutant.only);
      ran ||= failed !== undefined;
      const first = failed?.[0];
      if (first === undefined) continue;
      if (/^did not run: Transform failed/.test(first)) return { verdict: 'BROKEN', why: 'the mutant does not parse' };
      killed = [file, first];
      break;
    }
    const where = mutant.tests.join(', ');
    if (!killed)
      return ran
        ? { verdict: 'SURVIVED', why: where }
        : { verdict: 'STALE', why: `no test of ${where} is named ${mutant.only}` };
  } finally {
    for (const [path, text] of before) write(path, text);
    if (mutant.build) {
      cpSync(kept, built, { recursive: true });
      forgetBuild();
    }
  }
  const seen = `${killed[1]} (${killed[0]})`;
  return { verdict: (await isSound(...killed)) ? 'killed' : 'UNSOUND', why: seen };
}

let alive = 0;
for (const mutant of mutants) {
  const began = performance.now();
  const { verdict, why } = await judge(mutant);
  if (verdict !== 'killed') alive++;
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4);
  console.log(`${mutant.id.padEnd(4)} ${verdict.padEnd(8)} ${seconds} s  ${mutant.what}\n${' '.repeat(22)}${why}`);
}
await vitest?.close();
console.log(`${mutants.length} mutants, ${mutants.length - alive} killed`);
process.exitCode = alive > 0 ? 1 : 0;
