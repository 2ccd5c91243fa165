// Completes the output of the compiler.
import { readFileSync, writeFileSync } from 'node:fs';
import { shortenConstants } from './constants.js';
import { pack } from './pack.js';
import { split } from './split.js';

const build = new URL('../../build/', import.meta.url);

// The declarations name types of the DOM, which programs for Node alone do not load.
const path = new URL('kernels.d.ts', build);
const text = readFileSync(path, 'utf8');
if (!text.includes('module: WebAssembly.Module')) throw new Error(`${path}: the declarations have another form.`);
writeFileSync(path, text.replace('module: WebAssembly.Module', 'module: object'));

/** Returns a module as it is shipped. */
function finished(name, bytes) {
  const module = shortenConstants(Buffer.from(bytes));
  // Node 20 knows no relaxed SIMD.
  if (!name.includes('fast') && !WebAssembly.validate(module)) throw new Error(`${name} is no longer valid.`);
  writeFileSync(new URL(`${name}.wasm`, build), module);
  return module;
}

// The library embeds core, extras and special kernels as text; whole modules are for programs that bring their own.
for (const name of ['kernels', 'kernels.fast']) {
  const whole = readFileSync(new URL(`${name}.wasm`, build));
  for (const [part, bytes] of Object.entries(split(whole))) {
    const module = finished(`${name}.${part}`, bytes);
    writeFileSync(new URL(`${name}.${part}.wasm.js`, build), `export default "${pack(module)}";\n`);
  }
  finished(name, whole);
}
