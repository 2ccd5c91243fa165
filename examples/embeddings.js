// A classifier of short texts on top of embeddings. The embedding here counts pairs of letters, so that the example needs nothing
// else; put the vectors of an embedding model in its place. Run: npm run build, node examples/embeddings.js
import { adamw, dense, dropout, matrix, sequential, wasm } from 'myelin';

const SIZE = 256;
function embed(text) {
  const vector = new Float32Array(SIZE);
  for (let i = 0; i + 1 < text.length; i++) vector[(text.charCodeAt(i) * 31 + text.charCodeAt(i + 1)) % SIZE] += 1;
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

const subjects = {
  billing: ['the invoice is wrong', 'charged twice this month', 'refund my payment', 'the price on the bill'],
  outage: ['the server is down', 'page does not load', 'error on login', 'connection lost again'],
};
const endings = ['', ' please help', ' since monday', ' for all of us', ', thanks', ' once more'];
const classNames = Object.keys(subjects);
const examples = classNames.flatMap((name, label) =>
  subjects[name].flatMap((text) => endings.map((ending) => ({ text: text + ending, label }))),
);

const x = matrix(Float32Array.from(examples.flatMap(({ text }) => [...embed(text)])), examples.length, SIZE);
const layers = [dropout({ rate: 0.2, inputShape: SIZE }), dense({ units: classNames.length, activation: 'softmax' })];
const model = sequential({ layers, seed: 1, backend: await wasm() });
const optimizer = adamw({ learningRate: 0.01, weightDecay: 0.01 });
model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
const labels = examples.map(({ label }) => label);
await model.fit(x, labels, { epochs: 60, batchSize: 8, lint: false });

for (const text of ['my bill is wrong', 'the login page is down']) {
  const [billing, outage] = model.predict([[...embed(text)]]).data;
  console.log(`${text}: ${classNames[billing > outage ? 0 : 1]}`);
}
