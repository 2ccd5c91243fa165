// Writes the name of the module of kernels into the declarations as a path. `#kernels` is a name that package.json gives, which
// TypeScript does not look up under "moduleResolution": "node10".
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'build/types/kernels/contract.d.ts';
const text = readFileSync(file, 'utf8');
const written = text.replace("'#kernels'", "'../../kernels.js'");
if (written === text) throw new Error(`${file} does not name #kernels`);
writeFileSync(file, written);
