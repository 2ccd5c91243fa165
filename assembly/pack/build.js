// Compiles the exact and the fused kernels at the same time, then cuts and packs what came out.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('../bin/asc.js', import.meta.resolve('assemblyscript/asc')));

/** Compiles one target of asconfig.json; a compiler that fails has said why, so its exit code is all that is left to pass on. */
const compile = (target) =>
  new Promise((resolve, reject) => {
    const args = [compiler, '--target', target, '--transform', './assembly/pack/calls.js'];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : process.exit(code ?? 1)));
  });

await Promise.all(['release', 'fast'].map(compile));
await import('./finish.js');
