// What the compiler leaves to do.
import { readFileSync, writeFileSync } from 'node:fs';
import { shortenConstants } from './constants.js';
import { pack } from './pack.js';

const build = new URL('../../build/', import.meta.url);

// The declarations name types of the DOM, which programs for Node alone do not load.
const path = new URL('kernels.d.ts', build);
const text = readFileSync(path, 'utf8');
if (!text.includes('module: WebAssembly.Module')) throw new Error(`${path}: the declarations have another form.`);
writeFileSync(path, text.replace('module: WebAssembly.Module', 'module: object'));

// The library embeds its modules as text.
for (const name of ['kernels.wasm', 'kernels.fast.wasm']) {
  const file = new URL(name, build);
  const module = shortenConstants(readFileSync(file));
  // Node 20 knows no relaxed SIMD.
  if (name === 'kernels.wasm' && !WebAssembly.validate(module)) throw new Error(`${name} is no longer valid.`);
  writeFileSync(file, module);
  writeFileSync(new URL(`${name}.js`, build), `export default "${pack(module)}";\n`);
}
