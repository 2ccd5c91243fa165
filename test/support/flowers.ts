import { Generator } from '../../src/kernels/lib/philox.js';

/** Three kinds of flowers, by two measures and a colour; a number of the row that tells nothing. */
export function flowers(rows: number, seed = 1) {
  const random = new Generator(seed, 9);
  return Array.from({ length: rows }, (_, row) => {
    const kind = random.integer(3);
    const near = () => random.uniform() + random.uniform() - 1;
    return {
      length: 4 + kind + near(),
      width: kind === 1 ? null : 2 - kind / 2 + near(),
      colour: kind === 2 ? (random.integer(2) ? 'blue' : 'violet') : 'white',
      code: `row ${row}`,
      noise: near(),
      kind: ['setosa', 'versicolor', 'virginica'][kind]!,
    };
  });
}
