// Run by Jest, in its environments `node` and `jsdom`.
import { auto, dense, sequential } from 'myelin';
import { readCsv } from 'myelin/data';

test('trains and reads', async () => {
  const backend = await auto();
  expect(backend.name).toBe('wasm');
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], seed: 1, backend });
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
  expect((await readCsv({ text: 'a,b\n1,x\n2,y\n' })).rows).toBe(2);
  expect((await readCsv(new Uint8Array([97, 10, 49, 10]))).rows).toBe(1);
  expect((await readCsv(new File(['a\n1\n'], 'x.csv'))).rows).toBe(1);
});
