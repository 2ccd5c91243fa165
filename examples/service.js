// A web service that predicts, and learns from what its users correct: POST /predict with { "row": [..] }, POST /learn with
// { "row": [..], "label": 0 or 1 }. The model lives in a worker, so that requests are answered while it learns.
// Run: npm run build, node examples/service.js
import { createServer } from 'node:http';
import { adam, dense } from 'myelin';
import { sequential, wasm } from 'myelin/worker';

const layers = [dense({ units: 16, activation: 'relu', inputShape: 2 }), dense({ units: 1, activation: 'sigmoid' })];
const model = await sequential({ layers, seed: 1, backend: wasm() });
await model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy' });

async function answer(path, body) {
  const { row, label } = JSON.parse(body);
  if (path === '/predict') return { probability: (await model.predict([row])).data[0] };
  if (path === '/learn') return { loss: (await model.trainOnBatch([row], [label])).loss };
  throw new Error(`nothing at ${path}`);
}

const server = createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json');
  try {
    const parts = [];
    for await (const part of request) parts.push(part);
    response.end(JSON.stringify(await answer(request.url, Buffer.concat(parts).toString())));
  } catch (error) {
    // Errors of Myelin say which argument was wrong, and how.
    response.writeHead(400).end(JSON.stringify({ error: String(error) }));
  }
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${port}`);
});
