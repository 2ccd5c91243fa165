// A program as a user would write it, which trains one step of W4: what `bench/cold.ts` bundles, weighs and starts.
import { adam, dense, matrix, sequential, wasm } from 'myelin';

const [rows, inputs] = [64, 784];
const model = sequential({
  layers: [
    dense({ units: 256, activation: 'relu', inputShape: inputs }),
    dense({ units: 128, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ],
  backend: await wasm(),
});
model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
const x = Float32Array.from({ length: rows * inputs }, (_, i) => (i % 256) / 256);
const labels = Float32Array.from({ length: rows }, (_, i) => i % 10);
const { loss } = model.trainOnBatch(matrix(x, rows, inputs), labels);
if (!(loss > 0 && loss < 10)) throw new Error(`The first loss is ${loss}.`);
