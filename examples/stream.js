// Trains on a CSV file without ever holding it in memory. Run: npm run build, node examples/stream.js [rows]
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { adam, dense, sequential, wasm } from 'myelin';
import { preprocess, standardize, streamCsv } from 'myelin/data';

const rows = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), 'myelin-stream-'));
const path = join(folder, 'trips.csv');
function* lines() {
  yield 'km,kind,minutes\n';
  for (let i = 0; i < rows; i++) yield `${i % 40},${i % 3 ? 'car' : 'bike'},${(i % 40) * (i % 3 ? 2 : 5)}\n`;
}
await pipeline(Readable.from(lines()), createWriteStream(path));

const targets = preprocess({ numbers: standardize() });
const train = streamCsv(path).batches({
  preprocess: preprocess(),
  target: 'minutes',
  targets,
  batchSize: 64,
  shuffle: 2000,
});
const { columns } = await train.prepare();
const layers = [dense({ units: 32, activation: 'relu', inputShape: columns }), dense({ units: 1 })];
const model = sequential({ layers, seed: 1, backend: await wasm() });
model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'meanSquaredError' });
const { history } = await model.fit(train, { epochs: 3 });
console.log(`${rows} rows, ${columns} columns, loss ${history.loss.map((loss) => loss.toFixed(4)).join(', ')}`);
await rm(folder, { recursive: true });
