#!/usr/bin/env bash
# One would guess that a bundle does what its modules do. Rollup 4.68.0, which Vite 7 bundles with, puts a module that the entry
# shares with a part loaded by `import()` into the entry's chunk, whence the part imports it. It sees the danger where the entry
# itself leads to that part, not where one part on demand loads the next: if the entry awaits all that at its top level, the part
# waits for the entry to end and the entry for the part. Nothing is thrown or logged, and the page stands still. The modules
# themselves run to their end, and so does what esbuild 0.28.2 makes of them with chunks.
# Why it matters to people who train MLPs: libraries load training on demand, and `await model.fit(...)` at the top level of a
# page's first module is how examples are written. Let an entry call an async function, or give the library a chunk of its own.
# Needs npm and Node. Exits with 1 where the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-save --no-package-lock --silent rollup@4.68.0 esbuild@0.28.2
cd "$folder"
echo 'export const shared = new Map([["a", "shared"]]);' >shared.mjs
echo 'import { shared } from "./shared.mjs"; export const run = () => shared.get("a");' >part.mjs
echo 'export const fit = async () => (await import("./part.mjs")).run();' >fit.mjs
echo 'export const go = async () => (await import("./fit.mjs")).fit();' >library.mjs
printf '%s\n' 'import { shared } from "./shared.mjs";' 'import { go } from "./library.mjs";' \
  'globalThis.kept = shared;' 'console.log(await go());' >entry.mjs

run() {
  code=0
  said=$(node "$1" 2>/dev/null) || code=$?
  echo "$2: exit code $code, output '$said'"
}
run entry.mjs 'modules       '
[ "$code $said" = '0 shared' ]
node_modules/.bin/esbuild entry.mjs --bundle --splitting --format=esm --outdir=esbuild --out-extension:.js=.mjs --log-level=error
run esbuild/entry.mjs 'esbuild 0.28.2'
[ "$code $said" = '0 shared' ]
node_modules/.bin/rollup entry.mjs --format es --dir rollup --entryFileNames '[name].mjs' --chunkFileNames '[name].mjs' --silent
run rollup/entry.mjs 'Rollup 4.68.0 '
# 13: Node ended while the top level was still waiting.
[ "$code $said" = '13 ' ]
