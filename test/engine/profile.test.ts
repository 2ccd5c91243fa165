import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { wasm } from '../../src/backends/wasm.js';
import { takeStep } from '../../src/engine/steps.js';
import { debugging } from '../../src/fit/debug.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { profileStep } from '../../src/passes/profiling.js';
import { splitLongCall } from '../../src/program/product-axes.js';
import { factories, wasmFactory } from '../support/buffers.js';
import { build, clouds, makeEngine, targetsOf, trainingCases, weightHash } from '../support/nn/models.js';

const everything = trainingCases[0]!;
const { x, labels } = clouds(24, 7, 3);

/** Hands out heaps whose long products run in parts. */
const cutting = (factory: BackendFactory): BackendFactory => ({
  ...factory,
  open: (elements) => ({ ...factory.open(elements), longestCall: 1000 }),
});

describe.each(Object.entries(factories))('a profile on %s', (_, factory) => {
  test.each(trainingCases)('lists every call of the program in order: $name', async (item) => {
    const profile = await build(item, factory).profile(x, targetsOf(item, labels), { repeats: 3 });
    const { symbolic, flops } = makeEngine(item, factory).compileProgram('train', 24);
    const kernels = profile.calls.map(({ kernel }) => kernel);
    expect(kernels).toEqual(symbolic.map(({ kernel }) => kernel));
    expect(profile.calls.map(({ tensors }) => tensors)).toEqual(
      symbolic.map(({ args }) => args.filter((arg) => typeof arg !== 'number').map(({ name }) => name)),
    );
    expect(profile.calls.reduce((sum, call) => sum + call.flops, 0)).toBe(flops);
  });

  test('times, shares and rates fit together', async () => {
    const { rows, repeats, usPerStep, peakGflops, calls } = await build(everything, factory).profile(x, labels);
    expect(rows).toBe(24);
    expect(repeats).toBeGreaterThanOrEqual(3);
    expect(usPerStep).toBeGreaterThan(0);
    expect(peakGflops).toBeGreaterThan(0);
    expect(calls.reduce((sum, { us }) => sum + us, 0)).toBeCloseTo(usPerStep, 6);
    expect(calls.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    for (const call of calls) {
      expect(call.us).toBeGreaterThanOrEqual(0);
      expect(call.bytes).toBeGreaterThan(0);
      expect(call.flops > 0).toBe(call.kernel.startsWith('dense') && call.kernel !== 'denseBiasGradient');
      if (call.us === 0) continue;
      if (call.flops > 0) {
        expect(call.gflops).toBeCloseTo(call.flops / call.us / 1e3, 9);
        expect(call.peakShare).toBeGreaterThan(0);
        expect(call.peakShare).toBeLessThanOrEqual(1);
        expect(call.gbPerSecond).toBeUndefined();
      } else {
        expect(call.gbPerSecond).toBeCloseTo(call.bytes / call.us / 1e3, 9);
        expect(call.gflops).toBeUndefined();
      }
    }
  });

  test.each(trainingCases)('changes nothing, and training goes on as if it had not been: $name', async (item) => {
    const targets = targetsOf(item, labels);
    const [profiled, other] = [build(item, factory), build(item, factory)];
    for (const model of [profiled, other]) model.trainOnBatch(x, targets);
    const before = weightHash(profiled);
    // More repetitions than run between two restorations of the state.
    await profiled.profile(x, targets, { repeats: 70 });
    expect(weightHash(profiled)).toBe(before);
    for (const model of [profiled, other]) for (let i = 0; i < 3; i++) model.trainOnBatch(x, targets);
    expect(weightHash(profiled)).toBe(weightHash(other));
  });

  test('a product that runs in parts is one call', async () => {
    const engine = makeEngine(everything, cutting(factory));
    expect(engine.program('train', 200).steps.length).toBe(engine.program('train', 200).calls.length);
    engine.cutCalls(splitLongCall);
    const { steps, calls } = engine.program('train', 200);
    expect(steps.length).toBeGreaterThan(calls.length);
    const options = { repeats: 2 };
    const many = clouds(200, 7, 3);
    const [whole, parts] = await Promise.all(
      [factory, cutting(factory)].map((each) => build(everything, each).profile(many.x, many.labels, options)),
    );
    expect(parts!.calls.map(({ kernel }) => kernel)).toEqual(whole!.calls.map(({ kernel }) => kernel));
    const model = build(everything, cutting(factory));
    const before = weightHash(model);
    await model.profile(x, labels, options);
    expect(weightHash(model)).toBe(before);
  });
});

test('threads share the calls that they share in training', async () => {
  const threaded = await wasm({ threads: 2, threadUrl: new URL('../../build/thread.js', import.meta.url) });
  try {
    const many = clouds(600, 7, 3);
    const [alone, together] = [wasmFactory, threaded].map((each) => build(everything, each));
    const profile = await together!.profile(many.x, many.labels, { repeats: 40 });
    const { symbolic } = makeEngine(everything, wasmFactory).compileProgram('train', 600);
    expect(profile.calls.map(({ kernel }) => kernel)).toEqual(symbolic.map(({ kernel }) => kernel));
    for (const model of [alone!, together!]) model.trainOnBatch(many.x, many.labels);
    expect(weightHash(together!)).toBe(weightHash(alone!));
  } finally {
    threaded.dispose?.();
  }
});

test('leaves weights, state and step bitwise as they were', () => {
  const engine = makeEngine(everything, wasmFactory);
  const program = engine.program('train', 24);
  const step = () => {
    engine.stage(program.inputs[0]!, x, 0);
    for (const target of program.targets) engine.heap.set(labels, target.offset);
  };
  step();
  takeStep(engine, program);
  const state = () => {
    const { flatParameters, network } = engine;
    const slabs = program.symbolic.find(({ kernel }) => kernel === 'adam')!.args.slice(0, 4);
    const tensors = [flatParameters, ...network.parameters.map(({ value }) => value), ...slabs];
    return tensors.flatMap((tensor) => {
      if (typeof tensor === 'number') throw new Error('Adam takes tensors first.');
      return [...engine.heap.slice(tensor.offset, tensor.offset + tensor.size)];
    });
  };
  const before = state();
  step();
  profileStep(engine, program, { repeats: 5 });
  expect(state()).toEqual(before);
  expect(engine.steps.taken).toBe(1);
});

describe('a profile as text', () => {
  test('is an aligned table, a call a line', async () => {
    const profile = await build(everything, wasmFactory).profile(x, labels, { repeats: 4 });
    const lines = String(profile).split('\n');
    expect(inspect(profile)).toBe(String(profile));
    expect(lines[0]).toBe('profile train, 24 rows');
    expect(lines[1]).toMatch(/^kernel +us +share +GFLOP\/s +of peak +GB\/s +tensors$/);
    const column = lines[1]!.indexOf('tensors');
    profile.calls.forEach((call, i) => {
      const line = lines[i + 2]!;
      expect(line.startsWith(`${call.kernel} `)).toBe(true);
      expect(line.slice(column)).toBe(call.tensors.join(' '));
    });
    expect(lines.at(-2)).toMatch(/^all .* 100\.0% /);
    expect(lines.at(-1)).toMatch(/^medians of 4 steps; peak: [\d.]+ GFLOP\/s/);
  });

  test('travels as plain data', async () => {
    const profile = await build(everything, wasmFactory).profile(x, labels, { repeats: 1 });
    const { calls, ...rest } = JSON.parse(JSON.stringify(profile));
    expect(Object.keys(rest)).toEqual(['rows', 'repeats', 'usPerStep', 'peakGflops']);
    expect(calls).toEqual(profile.calls);
  });
});

test('a timer that ticks coarsely gives averages, not zeros', async () => {
  const now = performance.now.bind(performance);
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => Math.floor(now() * 10) / 10);
  try {
    const { calls, usPerStep } = await build(everything, wasmFactory).profile(x, labels);
    expect(usPerStep).toBeGreaterThan(1);
    // Medians of such a timer are all 0; how many short calls rise above its grain is left to chance.
    expect(calls.some(({ us }) => us > 0)).toBe(true);
  } finally {
    spy.mockRestore();
  }
});

test.each([0, 1.5, -1, Number.NaN, '3'])('repeats: %s is refused', async (repeats) => {
  const model = build(everything, wasmFactory);
  await expect(model.profile(x, labels, { repeats: repeats as number })).rejects.toThrow(/profile\.repeats/);
});

test('unknown options and models without a loss are refused', async () => {
  const model = build(everything, wasmFactory);
  await expect(model.profile(x, labels, { repeat: 3 } as object)).rejects.toThrow(/Did you mean 'repeats'/);
  await expect(model.profile(x, labels.slice(1))).rejects.toThrow(/y/);
});

describe('DEBUG', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  const fitted = async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const model = build(everything, wasmFactory);
    await model.fit(x, labels, { epochs: 3, batchSize: 10 });
    return { model, errors };
  };

  test('prints one profile for the batch size, and the weights stay what they would be', async () => {
    vi.stubEnv('DEBUG', '');
    const silent = await fitted();
    expect(silent.errors).not.toHaveBeenCalled();
    vi.stubEnv('DEBUG', '1');
    const loud = await fitted();
    expect(loud.errors).toHaveBeenCalledTimes(1);
    expect(loud.errors.mock.calls[0]![0]).toMatch(/^myelin: profile train, 10 rows\nkernel /);
    expect(weightHash(loud.model)).toBe(weightHash(silent.model));
  });

  test.each([
    ['1', true],
    ['myelin', true],
    ['express, myelin', true],
    ['express,myelin*', false],
    ['0', false],
    ['', false],
    [undefined, false],
  ])('DEBUG=%s: %s', (value, expected) => {
    expect(debugging({ process: { env: { DEBUG: value } } })).toBe(expected);
  });

  test('is off where there is no environment, or none that may be read', () => {
    expect(debugging({})).toBe(false);
    expect(debugging({ process: {} })).toBe(false);
    const env = {
      get DEBUG(): string {
        throw new Error('denied');
      },
    };
    expect(debugging({ process: { env } })).toBe(false);
  });
});
