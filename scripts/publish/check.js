// Checks the package before it is published: `npm run check:package` looks at the build that is there, and `npm publish`
// runs it after all other checks. With --release the changelog must have a date for this version.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tools = 'scripts/publish/node_modules';
const { name, version, exports: entries } = JSON.parse(readFileSync('package.json', 'utf8'));

const [, latest, remark] = /^## (\S+) ?(.*)$/m.exec(readFileSync('CHANGELOG.md', 'utf8'));
if (latest !== version) throw new Error(`CHANGELOG.md begins with ${latest}, package.json has ${version}`);
if (process.argv.includes('--release') && !/^- \d{4}-\d\d-\d\d$/.test(remark)) {
  throw new Error(`CHANGELOG.md: expected '## ${version} - ' and the date of the release, got '${remark}'`);
}

// Files that are not modules of types: resolved by bundlers and by Node, which read `exports`.
const files = Object.keys(entries).filter((entry) => /\.(js|wasm)$/.test(entry));
const folder = mkdtempSync(join(tmpdir(), 'myelin-publish-'));
const run = (tool, ...args) => execFileSync(process.execPath, [join(tools, tool), ...args], { stdio: 'inherit' });
try {
  execFileSync('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], {
    stdio: 'ignore',
  });
  const packed = join(folder, `${name}-${version}.tgz`);
  run('publint/src/cli.js', 'run', packed, '--strict');
  // CommonJS gets modules by `require` from Node 20.19 on.
  const known = ['--ignore-rules', 'cjs-resolves-to-esm'];
  run('@arethetypeswrong/cli/dist/index.js', packed, '--format', 'ascii', ...known, '--exclude-entrypoints', ...files);
} finally {
  rmSync(folder, { recursive: true });
}
