// Keeps small functions as calls, which the compiler would inline into each of their many callers. It is only for what runs
// once a row or less, since V8 keeps no vector in a register across a call.
import { Transform } from 'assemblyscript/transform';

const CALLS = [
  'assembly/lib/simd/loadPart',
  'assembly/lib/simd/storePart',
  'assembly/lib/loss/power',
  'assembly/lib/update/settle',
];

export default class extends Transform {
  afterCompile(module) {
    for (const name of CALLS) {
      if (!module.getFunction(name)) throw new Error(`assembly/pack/calls.js names ${name}, which the module lacks.`);
      this.binaryen.setPassArgument('no-inline', name);
      module.runPasses(['no-inline']);
    }
  }
}
