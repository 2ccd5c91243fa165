import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { groups } from './rows.js';

const bench = resolve(import.meta.dirname, '..');
const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

/** Runs a program; returns what it printed, and the JSON that it wrote where it was asked to. */
function run(program, args, { pinned, json }) {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-goals-'));
  try {
    const file = join(folder, 'report.json');
    const all = [program, ...args, ...(json ? ['--json', file] : [])];
    const [first, ...rest] = pinned && hasTaskset ? ['taskset', '-c', '0', ...all] : all;
    const { status, stdout, stderr, error } = spawnSync(first, rest, { encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (error) throw error;
    if (status !== 0) throw new Error(`exit code ${status}: ${stderr.trim().split('\n').at(-1)}`);
    if (!json) return stdout;
    if (!existsSync(file)) throw new Error(stdout.trim().split('\n').at(-1));
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Measures a step on each engine whose program is given, the newest Node among them. */
function acrossEngines(engines, name) {
  const program = engines.find((path) => path.includes(name));
  if (program === undefined) throw new Error(`--node names no program of ${name}`);
  const newest = engines.find((path) => /node[^/]*$/.test(path)) ?? process.execPath;
  const args = [join(bench, '../build/bench.js'), '--only', '^step W4 exact$', '--node', `${newest},${program}`];
  const { others } = run(process.execPath, args, { json: true });
  return { newest: others[0], of: others[1] };
}

/** Why a group cannot be measured here; undefined where it can. */
function reasonAgainst({ missing, cores = 1, before: needsBefore, script }, before) {
  if (missing) return missing;
  if (cores > availableParallelism()) return `needs ${cores} cores, here is ${availableParallelism()}`;
  if (needsBefore && before === undefined) return 'needs another build: --before FOLDER';
  if (script && !existsSync(join(bench, script))) return `there is no bench/${script} in this tree`;
  return undefined;
}

function reportOf(group, { before, engines }) {
  if (group.engines) return (row) => acrossEngines(engines, row.needs);
  const compared = group.before ? ['--before', before] : [];
  const [file, args, json] = group.bench
    ? ['../build/bench.js', group.bench, true]
    : [group.script, group.args ?? [], group.json];
  const report = run(process.execPath, [join(bench, file), ...args, ...compared], { pinned: group.pinned, json });
  return () => report;
}

const isMet = (seen, { more }, goal) => (more ? seen >= goal : seen <= goal);

/**
 * Measures all goals whose name matches `only`; returns a line for each. `before` is the folder of another build, `engines` are
 * the programs of other engines.
 */
export function measureGoals({ before, engines = [], only = /(?:)/ }) {
  return groups.flatMap((group) => {
    const rows = group.rows.filter(({ row }) => only.test(row));
    if (rows.length === 0) return [];
    const without = (reason) => rows.map(({ row, goal }) => lineOf(row, goal, reason));
    const reason = reasonAgainst(group, before);
    if (reason !== undefined) return without(reason);
    let reports;
    try {
      reports = reportOf(group, { before, engines });
    } catch (error) {
      return without(error.message);
    }
    return rows.map((row) => {
      try {
        const report = reports(row);
        const goal = typeof row.goal === 'function' ? row.goal(report) : row.goal;
        const seen = row.read(report);
        if (seen === null || !Number.isFinite(seen)) return lineOf(row.row, goal, 'this engine has no such row');
        return { row: row.row, seen, goal, met: isMet(seen, row, goal) };
      } catch (error) {
        return lineOf(row.row, row.goal, error.message);
      }
    });
  });
}

function lineOf(row, goal, reason) {
  return { row, seen: null, goal: typeof goal === 'function' ? null : goal, met: false, reason };
}

/** Returns the table of the goals. */
export function formatGoals(goals) {
  const cells = goals.map(({ row, seen, goal, met, reason }) => [
    row,
    seen === null ? '-' : seen.toFixed(3),
    goal === null ? '-' : String(goal),
    seen === null ? reason : met ? 'met' : 'not met',
  ]);
  const all = [['row', 'seen', 'goal', ''], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((line) => line[column].length)));
  const pad = (line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] ?? 0)));
  return all.map((line) => pad(line).join('  ').trimEnd()).join('\n');
}
