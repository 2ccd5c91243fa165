import { checkNumber, lookUp, StateError } from '../../errors.js';
import { MODES, type Mode } from '../../program/emitter.js';
import { compileInspect } from '../../program/rare/backward-program.js';
import { formatProgram } from '../../program/rare/listing.js';
import { compileMoments } from '../../program/rare/moments-program.js';
import type { Engine, OwnProgram } from '../engine.js';

/** Returns the kernel calls of a mode and a number of rows. @throws UnknownNameError, ValueError, StateError */
export function programText(engine: Engine, mode: Mode, rows: number): string {
  lookUp(Object.fromEntries(MODES.map((name) => [name, name])), mode, 'mode');
  checkNumber(rows, 'rows', { min: 1, integer: true });
  if (mode === 'accumulate' && engine.training.accumulationSteps === 1) {
    throw new StateError(
      "program: the model takes a step on every batch; 'accumulate' is for gradientAccumulationSteps.",
    );
  }
  if (mode !== 'predict') engine.checkCompiled();
  const { network } = engine;
  const own: Readonly<Record<'moments' | 'inspect', OwnProgram>> = {
    moments: (rows, base) => compileMoments(network, rows, base),
    inspect: (rows, base) => compileInspect(network, engine.training, rows, base),
  };
  return formatProgram(engine.compileProgram(mode === 'moments' || mode === 'inspect' ? own[mode] : mode, rows));
}

declare module '../../rare.js' {
  interface RareParts {
    readonly programText: typeof programText;
  }
}
