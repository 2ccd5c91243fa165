// Learns a stream of measurements one by one, and follows when what they measure changes. Run: npm run build, node examples/online.js
import { dense, sequential, sgd, wasm } from 'myelin';

const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], seed: 1, backend: await wasm() });
model.compile({ optimizer: sgd({ learningRate: 0.05 }), loss: 'meanSquaredError' });

let error = 1; // of rows that were predicted before they were learned, the later ones counting more
for (let i = 1; i <= 6000; i++) {
  const x = [Math.sin(i * 12.9), Math.cos(i * 4.1)];
  const y = (i <= 3000 ? 2 : -1) * x[0] + x[1];
  error = 0.99 * error + 0.01 * (model.predict([x]).data[0] - y) ** 2;
  model.trainOnBatch([x], [y]);
  if (i % 1000 === 0 || i === 3100) console.log(`after ${i} rows: squared error ${error.toFixed(4)}`);
}
