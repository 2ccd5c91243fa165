import { checkNumber, lookUp, StateError } from '../../errors.js';
import { MODES, type Mode } from '../../program/emitter.js';
import { formatProgram } from '../../program/rare/listing.js';
import type { Engine } from '../engine.js';

/** Returns the kernel calls of a mode and a number of rows. @throws UnknownNameError, ValueError, StateError */
export function programText(engine: Engine, mode: Mode, rows: number): string {
  lookUp(Object.fromEntries(MODES.map((name) => [name, name])), mode, 'mode');
  checkNumber(rows, 'rows', { min: 1, integer: true });
  if (mode === 'accumulate' && engine.training.accumulationSteps === 1) {
    throw new StateError(
      "program: the model takes a step on every batch; 'accumulate' is for gradientAccumulationSteps.",
    );
  }
  return formatProgram(engine.compileProgram(mode, rows));
}

declare module '../../rare.js' {
  interface RareParts {
    readonly programText: typeof programText;
  }
}
