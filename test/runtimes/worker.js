// A worker of workerd: what trains there, and what is said of what does not.
import { auto, dense, sequential, typescript, wasm } from 'myelin';
import { readCsv } from 'myelin/data';
import kernels from 'myelin/kernels.wasm';
import * as worker from 'myelin/worker';

const train = async (backend) => {
  const model = sequential({
    layers: [dense({ units: 4, inputShape: 2, activation: 'relu' }), dense({ units: 1 })],
    seed: 1,
    backend,
  });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await model.fit(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [1, 2, 3],
    { epochs: 3, lint: false },
  );
  return [...model.predict([[1, 2]]).data].join();
};

const parts = {
  auto: async () => (await auto()).name,
  source: async () => train(await wasm({ source: kernels })),
  typescript: async () => train(typescript()),
  wasm: async () => train(await wasm()),
  threads: async () => train(await wasm({ threads: 2 })),
  worker: async () => worker.sequential({ layers: [dense({ units: 1, inputShape: 2 })] }),
  csv: async () => (await readCsv(new Response('a\n1\n'))).rows,
};

export default {
  async fetch() {
    const result = {};
    for (const [name, part] of Object.entries(parts)) {
      result[name] = await part().catch((error) => `${error.name}: ${error.message}`);
    }
    return Response.json(result);
  },
};
