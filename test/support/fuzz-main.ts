import { parseArgs } from 'node:util';
import { fuzz } from './hostile.js';

// npm run fuzz -- --count 1000000 --seed 5

const { values } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const began = performance.now();
const { inputs, refused, loaded } = fuzz(Number(values.count), Number(values.seed));
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`${inputs} inputs of seed ${values.seed} in ${seconds} s: ${refused} refused, ${loaded} loaded`);
