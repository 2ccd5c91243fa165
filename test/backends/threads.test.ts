import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { withSharedMemory } from '../../src/backends/threads/pool.js';
import { wasm } from '../../src/backends/wasm.js';
import { Engine } from '../../src/engine/engine.js';
import { planUpdate } from '../../src/engine/rare/update-plan.js';
import { type BackendFactory, type Call, type KernelName, RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import { updateLoops } from '../../src/kernels/tables.js';
import { buildGraph, sequence } from '../../src/nn/graph.js';
import { activation, batchNormalization, dense, dropout } from '../../src/nn/layers/index.js';
import { bindLoss } from '../../src/nn/losses.js';
import { makeOptimizer } from '../../src/nn/optimizers/optimizers.js';
import { l2 } from '../../src/nn/regularizers.js';
import { cutCall, phasesOf } from '../../src/program/split.js';
import { type Buffer, factories, place, Random } from '../support/buffers.js';
import { kernelTable } from '../support/nn/kernel-table.js';
import { build, clouds, type TrainingCase, weightHash } from '../support/nn/models.js';

const threadUrl = new URL('../../build/thread.js', import.meta.url);
const open: BackendFactory[] = [];

async function threaded(threads: number): Promise<BackendFactory> {
  const backend = await wasm({ threads, threadUrl });
  open.push(backend);
  return backend;
}

afterAll(() => {
  for (const backend of open) backend.dispose?.();
});

/** Wide enough that every kind of call is shared. */
const wide: TrainingCase = {
  name: 'wide',
  layers: [
    dense({ units: 200, inputShape: 90, activation: 'relu', kernelRegularizer: l2(1e-3) }),
    batchNormalization(),
    dropout({ rate: 0.2 }),
    dense({ units: 130, activation: 'tanh' }),
    activation({ activation: 'sigmoid' }),
    dense({ units: 3, activation: 'softmax' }),
  ],
  compile: { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], globalClipNorm: 1 },
};

/** Whose operands the guard looks at, and with a norm in several parts. */
const others: readonly TrainingCase[] = [{}, { globalClipNorm: 0.5 }].map((clipping) => ({
  name: Object.keys(clipping)[0] ?? 'plain',
  layers: [
    dense({ units: 500, inputShape: 90, activation: 'relu' }),
    dense({ units: 260, activation: 'relu' }),
    dense({ units: 3, activation: 'softmax' }),
  ],
  compile: { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', ...clipping },
}));

const { x, labels } = clouds(330, 90, 3);

async function train(backend: BackendFactory, item = wide): Promise<{ hash: string; loss: number }> {
  const model = build(item, backend);
  const { history } = await model.fit(x, labels, { epochs: 3, batchSize: 100, validationSplit: 0.1 });
  const result = { hash: weightHash(model), loss: history.valLoss!.at(-1)! };
  model.dispose();
  return result;
}

const updates = new Set<string>(Object.keys(updateLoops));

describe('calls cut for threads', () => {
  test.each(Object.keys(kernelTable) as KernelName[])('%s: parts write what the whole does', (name) => {
    if (name.startsWith('dense') && name !== 'denseBiasGradient') return; // their scratch is for one part; see below
    for (let seed = 0; seed < 20; seed++) {
      const results = [1, 3].map((parts) => {
        const args = kernelTable[name](new Random(seed));
        const buffers = args.filter((arg): arg is Buffer => typeof arg !== 'number');
        const placed = place(factories.wasm, buffers, new Random(seed));
        const call = [name, ...args.map((arg) => (typeof arg === 'number' ? arg : placed.offsets.get(arg)))];
        const calls = parts === 1 ? [call as unknown as Call] : cutCall(call as unknown as Call, parts, updates);
        for (const [kernel, ...rest] of [...calls].reverse()) {
          (placed.backend.kernels[kernel] as (...args: number[]) => void)(...rest);
        }
        return bytesOf(placed.backend.heap.slice(RESERVED_ELEMENTS));
      });
      expect(results[0]!.equals(results[1]!), `seed ${seed}`).toBe(true);
    }
  });

  test('a program shares its long calls and leaves the short ones to the first thread', () => {
    const model = build(wide, factories.wasm);
    expect(model.program('train', 100)).toContain('adam');
    const long: Call = ['adam', 1000, 2000, 3000, 4000, 200_000, 1, 2];
    const short: Call = ['clipFactor', 1, 2, 1];
    const phases = phasesOf([short, short, long, short], 4, updates);
    expect(phases.map((phase) => phase.map((calls) => calls.length))).toEqual([[2], [1, 1, 1, 1], [1]]);
    expect(phasesOf([short, short], 4, updates)).toEqual([[[short, short]]]);
  });

  test.each([2, 3, 4])('each of %i threads multiplies by, differentiates and updates weights of its own', (threads) => {
    const layers = [
      dense({ units: 256, activation: 'relu', inputShape: 200 }),
      dense({ units: 192, activation: 'tanh' }),
      dense({ units: 10 }),
    ];
    const engine = new Engine(buildGraph(sequence(layers)), 3, factories.wasm);
    engine.configure({
      losses: [bindLoss('meanSquaredError', 10, 'linear')],
      optimizer: makeOptimizer('adam'),
      ...planUpdate({}),
    });
    const program = engine.program('train', 32);
    const update = program.calls.find(([kernel]) => kernel === 'adam')!;
    const phases = phasesOf(program.calls, threads, program.updates);
    /** Where each thread's calls of these kernels begin, among the weights. */
    const begins = (pattern: RegExp, operand: number, base: number) =>
      phases
        .filter((phase) => phase.length === threads && phase.flat().some(([kernel]) => pattern.test(kernel)))
        .map((phase) => {
          const own = phase.map((calls) => calls.filter(([kernel]) => pattern.test(kernel)));
          return own.map((calls) => calls.map((call) => (call[operand] as number) - base));
        });
    const forward = begins(/^denseForward/, 2, update[1] as number);
    const gradients = begins(/^denseKernelGradient/, 3, update[2] as number);
    const [updated] = begins(/^adam$/, 1, update[1] as number);
    // The last layer has too little to share.
    expect(forward.length).toBe(2);
    expect([...forward].reverse()).toEqual(gradients);
    for (const phase of gradients) {
      phase.forEach(([begin], thread) => {
        expect(updated![thread]).toContain(begin);
      });
    }
    // All weights are updated once.
    const parts = phases.flat(2).filter(([kernel]) => kernel === 'adam');
    const covered = parts.map((call) => [call[1] as number, (call[1] as number) + (call[5] as number)]);
    covered.sort(([a], [b]) => a! - b!);
    expect(covered[0]![0]).toBe(update[1]);
    covered.slice(1).forEach(([start], i) => {
      expect(start).toBe(covered[i]![1]);
    });
    expect(covered.at(-1)![1]).toBe((update[1] as number) + (update[5] as number));
  });

  test('what reads the operands of a product, and norms, need no barrier between', () => {
    const product: Call = ['denseKernelGradient', 1000, 60_000, 1e6, 2e6, 64, 512, 256, 512, 256];
    const bias: Call = ['denseBiasGradient', 60_000, 3e6, 64, 256, 256];
    const guards: Call[] = [
      ['guard', 1000, 64, 512, 512, 1, 2, 3],
      ['guard', 60_000, 64, 256, 256, 1, 2, 3],
      ['guard', 70_000, 64, 256, 256, 1, 2, 3],
    ];
    const phases = phasesOf([product, bias, ...guards], 2, updates);
    expect(phases.map((phase) => phase.map((calls) => calls.map(([kernel]) => kernel)))).toEqual([
      [
        ['denseKernelGradient', 'denseBiasGradient', 'guard'],
        ['denseKernelGradient', 'denseBiasGradient', 'guard'],
      ],
      [['guard']],
    ]);
    const norms = [0, 1, 2].map((i): Call => ['gradientNorm', 1000 + 65_536 * i, 65_536, 10 + i]);
    const all: Call = ['gradientNorm', 10, 3, 20];
    expect(phasesOf([product, ...norms, all], 2, updates).slice(1)).toEqual([
      [[norms[0], norms[2]], [norms[1]]],
      [[all]],
    ]);
  });
});

const bytesOf = (data: Float32Array | Float64Array) =>
  globalThis.Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe('threads', () => {
  test.each([1, 2, 3, 4, 8])('%i end in the bits of one', async (threads) => {
    const expected = await train(factories.wasm);
    const backend = await threaded(threads);
    expect(backend.threads).toBe(threads);
    expect(await train(backend)).toEqual(expected);
    for (const item of others) expect(await train(backend, item)).toEqual(await train(factories.wasm, item));
  });

  test('serve several models and long runs', async () => {
    const backend = await threaded(3);
    const [a, b, alone] = [build(wide, backend), build(wide, backend), build(wide, factories.wasm)];
    const batch = { ...x, data: x.data.slice(0, 64 * 90), rows: 64 };
    for (let i = 0; i < 300; i++) {
      const losses = [a, b, alone].map((model) => model.trainOnBatch(batch, labels.slice(0, 64)).loss);
      expect(new Set(losses).size).toBe(1);
    }
    expect(a.predict(x)).toEqual(alone.predict(x));
    expect(weightHash(b)).toBe(weightHash(alone));
  });

  test('that are gone make a step fail with a reason', async () => {
    const backend = await threaded(2);
    const model = build(wide, backend);
    await model.fit(x, labels, { batchSize: 100 });
    backend.dispose?.();
    await expect(model.fit(x, labels, { batchSize: 100 })).rejects.toThrow(/threads of this backend are gone/);
    expect(() => build(wide, backend)).toThrow(/gone/);
  });

  test('keep no process alive', () => {
    const script = `
      import { dense, sequential, wasm } from ${JSON.stringify(new URL('../../build/index.js', import.meta.url).href)};
      const model = sequential({ layers: [dense({ units: 200, inputShape: 300 })], backend: await wasm({ threads: 3 }) });
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      const rows = Array.from({ length: 64 }, (_, i) => new Float32Array(300).fill(i / 64));
      model.trainOnBatch(rows, rows.map(() => new Float32Array(200)));
      console.log('trained');
    `;
    const { stdout, stderr, status, error } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 90_000,
    });
    expect(error).toBeUndefined();
    expect([stdout.trim(), stderr, status]).toEqual(['trained', '', 0]);
  });

  test('options are checked', async () => {
    await expect(wasm({ threads: 0 })).rejects.toThrow(/wasm\.threads.*>= 1/);
    await expect(wasm({ threads: 2.5 })).rejects.toThrow(/integer/);
    const bytes = readFileSync(new URL('../../build/kernels.wasm', import.meta.url));
    const module = new WebAssembly.Module(bytes);
    await expect(wasm({ threads: 2, threadUrl, source: module })).rejects.toThrow(/bytes/);
    const shared = new WebAssembly.Module(withSharedMemory(bytes));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    expect(() => new WebAssembly.Instance(shared, { env: { memory } })).not.toThrow();
  });
});
