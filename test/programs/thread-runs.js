// What test/backends/threads-long.test.ts runs in a process of its own, so that a hang is a process to kill: a run by name, for
// some seconds, which prints a line now and then and `done` at the end. Uses the built package.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

// Workers, in the order in which backends started them.
const workers = [];
const threads = createRequire(import.meta.url)('node:worker_threads');
threads.Worker = class extends threads.Worker {
  constructor(...args) {
    super(...args);
    workers.push(this);
  }
};

const { adam, batchNormalization, dense, dropout, matrix, sequential, sgd, wasm } = await import(
  '../../build/index.js'
);

const softmax = { optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] };
const normalized = {
  inputs: 90,
  layers: [
    dense({ units: 200, inputShape: 90, activation: 'relu' }),
    batchNormalization(),
    dropout({ rate: 0.2 }),
    dense({ units: 130, activation: 'tanh' }),
    dense({ units: 3, activation: 'softmax' }),
  ],
  compile: { ...softmax, globalClipNorm: 1 },
};
const plain = {
  inputs: 300,
  layers: [dense({ units: 120, inputShape: 300, activation: 'relu' }), dense({ units: 4, activation: 'softmax' })],
  compile: { ...softmax, optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }) },
};
/** Too little work to wake anyone. */
const tiny = {
  inputs: 2,
  layers: [dense({ units: 8, inputShape: 2, activation: 'tanh' }), dense({ units: 2, activation: 'softmax' })],
  compile: softmax,
};
/** A step hands over to the event loop in its middle. */
const large = {
  inputs: 1024,
  layers: [dense({ units: 1024, inputShape: 1024, activation: 'relu' }), dense({ units: 2, activation: 'softmax' })],
  compile: softmax,
};

function build({ layers, compile }, backend) {
  const model = sequential({ layers, seed: 5, backend });
  model.compile(compile);
  return model;
}

function data({ inputs }, rows) {
  const x = Float32Array.from({ length: rows * inputs }, (_, i) => Math.sin(i * 0.7 + (i % 11)));
  return [matrix(x, rows, inputs), Float32Array.from({ length: rows }, (_, r) => r % 2)];
}

function hash(model) {
  const sum = createHash('sha256');
  for (const { data } of Object.values(model.getWeights())) sum.update(new Uint8Array(data.buffer));
  return sum.digest('hex');
}

function check(condition, what) {
  if (!condition) throw new Error(`Not so: ${what}.`);
}

async function fails(work, pattern) {
  const begin = performance.now();
  let message;
  try {
    await work();
  } catch (error) {
    message = `${error.name}: ${error.message}`;
  }
  check(message !== undefined, 'it fails');
  check(pattern.test(message), `the error ${pattern}: ${message}`);
  const taken = performance.now() - begin;
  check(taken < 5000, `it fails soon: ${taken} ms`);
}

const GONE = /^BackendError: The threads of this backend are gone: .+ open another backend/s;

const fitting = { batchSize: 64, epochs: 2 };

async function fitAlone(spec, rows, options = fitting) {
  const model = build(spec, await wasm());
  await model.fit(...data(spec, rows), options);
  return hash(model);
}

const runs = {
  /** Steps of several models in turns, each next to the same on one thread. */
  async steps(count, seconds) {
    const [backend, alone] = [await wasm({ threads: count }), await wasm()];
    const teams = [normalized, plain, tiny].map((spec) => ({
      models: [build(spec, backend), build(spec, alone)],
      batches: [64, 40].map((rows) => data(spec, rows)),
    }));
    let steps = 0;
    const begin = performance.now();
    const elapsed = () => (performance.now() - begin) / 1000;
    // On a busy machine threads wait for each other long, and fewer steps must do.
    for (; elapsed() < seconds || (steps < 300 && elapsed() < 2); steps++) {
      for (const { models, batches } of teams) {
        // Not always the same size, so that programs change.
        const batch = batches[steps % 7 === 0 ? 1 : 0];
        const losses = models.map((model) => model.trainOnBatch(...batch).loss);
        check(losses[0] === losses[1], `step ${steps} has one loss: ${losses}`);
      }
      if (steps % 50 === 0) console.log(steps * teams.length);
    }
    for (const { models } of teams) check(hash(models[0]) === hash(models[1]), 'the weights are the same');
    console.log(`${steps * teams.length} steps`);
  },

  /** Threads look for work, fall asleep, and wake. */
  async pauses(count, seconds) {
    const backend = await wasm({ threads: count });
    const models = [build(normalized, backend), build(normalized, await wasm())];
    const batch = data(normalized, 64);
    for (const begin = performance.now(); performance.now() - begin < seconds * 1000; ) {
      for (const pause of [0, 1, 3, 30, 250]) {
        const losses = models.map((model) => model.trainOnBatch(...batch).loss);
        check(losses[0] === losses[1], 'the losses are the same');
        await sleep(pause);
      }
      console.log('slept');
    }
  },

  /** Several models train at the same time, on one backend and on another. */
  async together(count, seconds) {
    const specs = [normalized, large, plain];
    const expected = await Promise.all(specs.map((spec) => fitAlone(spec, 300)));
    const backends = [await wasm({ threads: count }), await wasm({ threads: 2 })];
    const begin = performance.now();
    do {
      const pairs = backends.flatMap((backend) => specs.map((spec) => ({ spec, model: build(spec, backend) })));
      await Promise.all(pairs.map(({ spec, model }) => model.fit(...data(spec, 300), fitting)));
      pairs.forEach(({ model }, i) => {
        check(hash(model) === expected[i % specs.length], `model ${i} has the weights of one thread`);
        model.dispose();
      });
      console.log('fitted');
    } while (performance.now() - begin < seconds * 1000);
  },

  /** Models come and go while another is in the middle of its steps. */
  async dispose(count) {
    const expected = await fitAlone(large, 300);
    const backend = await wasm({ threads: count });
    const model = build(large, backend);
    let [done, others] = [false, 0];
    const fitted = model.fit(...data(large, 300), fitting).then(() => {
      done = true;
    });
    while (!done) {
      const other = build(plain, backend);
      other.trainOnBatch(...data(plain, 64));
      other.dispose();
      others++;
      console.log(others);
      await sleep(1);
    }
    await fitted;
    check(others > 2, `others came and went: ${others}`);
    check(hash(model) === expected, 'the weights are those of one thread');
  },

  /** The backend is disposed of while a model is in the middle of its steps. */
  async end(count) {
    const backend = await wasm({ threads: count });
    const model = build(large, backend);
    setTimeout(() => backend.dispose(), 100);
    await fails(() => model.fit(...data(large, 300), { ...fitting, epochs: 1000 }), GONE);
    await fails(() => model.trainOnBatch(...data(large, 17)), GONE);
    check(model.getWeights()['layers.0.kernel'].data.length === 1024 * 1024, 'weights can still be read');
    model.dispose();
    backend.dispose();
  },

  /** A worker dies, while it works or while it waits. */
  async death(count) {
    const lastWorker = () => workers.at(-1);
    const between = build(normalized, await wasm({ threads: count }));
    between.trainOnBatch(...data(normalized, 64));
    await lastWorker().terminate();
    await fails(() => between.trainOnBatch(...data(normalized, 64)), GONE);
    between.dispose();
    console.log('between steps');

    // No event tells of it: the step has begun before the event loop has a turn.
    for (const spec of [normalized, large]) {
      const during = build(spec, await wasm({ threads: count }));
      during.trainOnBatch(...data(spec, 64));
      lastWorker().terminate();
      await fails(() => {
        for (let i = 0; i < 1000; i++) during.trainOnBatch(...data(spec, 64));
      }, GONE);
      await fails(() => during.predict(data(spec, 256)[0]), GONE);
      during.dispose();
      console.log('during a step');
    }

    const fitted = build(large, await wasm({ threads: count }));
    const callbacks = [{ onBatchEnd: (batch) => void (batch === 2 && lastWorker().terminate()) }];
    await fails(() => fitted.fit(...data(large, 300), { ...fitting, epochs: 100, callbacks }), GONE);
    console.log('during fit');

    const backend = await wasm({ threads: count });
    const opening = build(normalized, backend);
    opening.trainOnBatch(...data(normalized, 64));
    lastWorker().terminate();
    await fails(() => build(plain, backend), GONE);
    opening.dispose();
    console.log('while another model is built');

    check((await fitAlone(plain, 100)) !== '', 'other backends go on');
    const again = build(plain, await wasm({ threads: count }));
    await again.fit(...data(plain, 100), fitting);
    check(hash(again) === (await fitAlone(plain, 100)), 'another backend with threads goes on');
  },
};

const [name, count, seconds] = process.argv.slice(2);
await runs[name](Number(count), Number(seconds));
console.log('done');
