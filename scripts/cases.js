// Runs a folder of small cases, a reported fault each, against the build: npm run cases -- [FOLDER] [--only REGEX] [--limit SECONDS]
// Copies the folder below build/cases/, so that `import 'myelin'` finds this package, and runs each .mjs with node and each
// .sh with bash, in a folder of its own. Prints a table; the exit code is 1 where a fault is there.
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, extname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { expectations } from './case-expectations.js';

const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    limit: { type: 'string', default: '300' },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const folder = resolve(positionals[0] ?? join(root, '../shared/cases'));
if (!existsSync(folder)) {
  console.log(`There is no folder ${folder}: no case was run.`);
  process.exit(0);
}

const copy = join(root, 'build/cases');
rmSync(copy, { recursive: true, force: true });
cpSync(folder, copy, { recursive: true });
// `npx myelin` must start this build from any folder.
const bin = join(copy, 'bin');
mkdirSync(bin);
for (const [name, line] of [
  [
    'npx',
    `if [ "$1" = myelin ]; then shift; exec myelin "$@"; fi\necho "npx $1: only myelin is known here" >&2; exit 127`,
  ],
  ['myelin', `exec "${process.execPath}" "${join(root, 'build/cli.js')}" "$@"`],
]) {
  writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** Runs a case, and returns its exit code (null at the time limit), its output and its seconds. */
function run(file, args) {
  const cwd = join(copy, 'run', basename(file, extname(file)));
  mkdirSync(cwd, { recursive: true });
  const program = file.endsWith('.sh') ? 'bash' : process.execPath;
  const env = { ...process.env, TMPDIR: cwd, PATH: [bin, process.env.PATH].join(delimiter) };
  const began = performance.now();
  const child = spawn(program, [join(copy, file), ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((done, fail) => {
    let late = false;
    // The process is killed with all that it started.
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL');
    }, Number(values.limit) * 1000);
    child.on('error', fail);
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code: late ? null : code, output, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** Says what is wrong with the result of a case; undefined where nothing is. */
function faultOf(file, { code, output }) {
  if (code === null) return `not done after ${values.limit} s`;
  const expected = expectations[file]?.fault;
  if (expected) return expected(output);
  if (/^FAULT\b/m.test(output)) return /^FAULT\b.*/m.exec(output)[0];
  const told = /^exit ([1-9]\d*)$/m.exec(output);
  if (told) return told[0];
  return code === 0 ? undefined : `exit code ${code}`;
}

const only = new RegExp(values.only);
const files = readdirSync(copy)
  .filter((name) => /\.(mjs|sh)$/.test(name) && name !== 'check.mjs' && only.test(name))
  .sort();
const width = Math.max(4, ...files.map(({ length }) => length));
console.log(`${'case'.padEnd(width)}  result  seconds`);
let faults = 0;
for (const file of files) {
  const result = await run(file, expectations[file]?.args ?? []);
  const fault = faultOf(file, result);
  if (fault !== undefined) faults++;
  const cells = [
    file.padEnd(width),
    (fault === undefined ? 'ok' : 'FAULT').padEnd(6),
    result.seconds.toFixed(1).padStart(7),
  ];
  console.log([...cells, fault ?? ''].join('  ').trimEnd());
  if (values.verbose || fault !== undefined)
    console.log(result.output.slice(0, 4000).trimEnd().replace(/^/gm, '    | '));
}
console.log(`${files.length} cases, ${faults} with a fault`);
process.exitCode = faults > 0 ? 1 : 0;
