// Times lockstep's step call against trainOnBatch of the same members one after another, in turns in one process.
import { lockstep, type Model, wasm } from '../src/index.js';
import { makeModel, problemFor } from './models.js';
import { workloads } from './workloads.js';

const ROUNDS = 41;
const SAMPLE_MS = 4;

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const backend = await wasm();

for (const [name, members] of [
  ['W1', 32],
  ['W2', 16],
  ['W3', 8],
] as const) {
  const workload = workloads.find((item) => item.name === name)!;
  const make = () => Array.from({ length: members }, () => makeModel(workload, backend));
  const [alone, together]: Model[][] = [make(), make()];
  const data = problemFor(workload, members);
  const [xs, ys] = [data.map(({ x }) => x), data.map(({ y }) => y)];
  const group = lockstep(together!);
  const sides = [
    () => alone!.map((model, i) => model.trainOnBatch(xs[i]!, ys[i]!).loss),
    () => group.trainOnBatch(xs, ys, { perMember: true }).map(({ loss }) => loss),
  ] as const;
  for (let step = 0; step < 100; step++) {
    if (String(sides[0]()) !== String(sides[1]())) throw new Error(`${name} computes something else in step ${step}.`);
  }
  // From here on weights stay, so that the last step computes with the same numbers as the first.
  for (const model of [...alone!, ...together!]) model.learningRate = 0;
  const start = performance.now();
  for (let i = 0; i < 10; i++) sides[0]();
  const repeats = Math.ceil((SAMPLE_MS * 10) / (performance.now() - start));
  const times: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    sides.forEach((side, s) => {
      const begin = performance.now();
      for (let i = 0; i < repeats; i++) side();
      times[s]!.push(((performance.now() - begin) * 1000) / repeats / members);
    });
  }
  const [one, all] = times.map(median) as [number, number];
  console.log(
    `lockstep-${name}: ${members} members, ${one.toFixed(2)} us a member's step one after another, ${all.toFixed(2)} us in lockstep, ratio ${(all / one).toFixed(3)}`,
  );
}
