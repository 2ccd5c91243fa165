// Trains many small models in turn, in Node and in pages, and returns what is to be compared.

const KINDS = [
  { optimizer: 'adam', middle: 'tanh' },
  { optimizer: 'sgd', middle: 'relu', dropout: true },
  { optimizer: 'rmsprop', middle: 'gelu' },
  { optimizer: 'adamw', middle: 'relu', normalization: true },
];

/** The models by number: small networks of four kinds, each with a seed of its own. */
export function build({ batchNormalization, dense, dropout, sequential }, backend, i) {
  const { optimizer, middle, dropout: drops, normalization } = KINDS[i % KINDS.length];
  const model = sequential({
    layers: [
      dense({ units: 5 + (i % 7), activation: middle, inputShape: 3 }),
      ...(drops ? [dropout({ rate: 0.25 })] : []),
      ...(normalization ? [batchNormalization()] : []),
      dense({ units: 2, activation: 'softmax' }),
    ],
    backend,
    seed: i,
  });
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** One step of four; in the third some models take a batch that their heap has no room for yet. */
export function step({ matrix }, model, i, round) {
  const rows = round === 2 && i % 5 === 0 ? 300 : 8;
  const value = (k) => (((k * 7 + i + round) % 13) - 6) / 6;
  const x = matrix(
    Float32Array.from({ length: rows * 3 }, (_, k) => value(k)),
    rows,
    3,
  );
  const y = Float32Array.from({ length: rows }, (_, k) => (k + i) % 2);
  model.trainOnBatch(x, y);
}

/** A number for the bits of all weights and of what the model predicts. */
export function bits({ matrix }, model) {
  let sum = 0x811c9dc5;
  const add = (data) => {
    for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length))
      sum = Math.imul(sum ^ word, 0x01000193);
  };
  for (const { data } of Object.values(model.getWeights())) add(data);
  add(model.predict(matrix([[0.5, -1, 0.25]])).data);
  return sum >>> 0;
}

export const ROUNDS = 4;

/** Counts the memories that are made from now on. */
export function countMemories() {
  const count = { made: 0 };
  const { Memory } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args) {
      count.made++;
      return new target(...args);
    },
  });
  return count;
}

/** So many live models, trained in turn step by step. */
export async function manyModels(myelin, options, models) {
  const count = countMemories();
  const backend = await myelin.wasm(options);
  const all = Array.from({ length: models }, (_, i) => build(myelin, backend, i));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, model] of all.entries()) step(myelin, model, i, round);
  }
  const sums = all.map((model) => bits(myelin, model));
  return { memories: count.made, sums, heapBytes: all.reduce((sum, model) => sum + model.heapBytes, 0) };
}
