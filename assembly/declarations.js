// The compiler declares its module with names of the DOM's types, which programs for Node alone do not load.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../build/kernels.d.ts', import.meta.url);
const text = readFileSync(path, 'utf8');
if (!text.includes('module: WebAssembly.Module')) throw new Error(`${path}: the declarations have another form.`);
writeFileSync(path, text.replace('module: WebAssembly.Module', 'module: object'));
