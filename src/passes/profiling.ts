import type { Engine } from '../engine/engine.js';
import { beginStep } from '../engine/steps.js';
import { checkNumber, checkOptions } from '../errors.js';
import { type Profile, type ProfileOptions, profileProgram } from '../program/profile.js';
import type { LinkedProgram } from '../program/run.js';
import { type Data, stageBatch, type Targets } from '../rows/arrays.js';

/** Profiles a staged training step; weights, state and counts stay as they were. */
export function profileStep(engine: Engine, program: LinkedProgram, options?: ProfileOptions): Profile {
  beginStep(engine, program);
  return profileProgram(...engine.withBackend(program), options);
}

/** Times the calls of a training step on one batch. */
export function profile(engine: Engine, x: Data, y: Targets, options: ProfileOptions): Profile {
  checkOptions(options, ['repeats'], 'profile');
  if (options.repeats !== undefined) checkNumber(options.repeats, 'profile.repeats', { min: 1, integer: true });
  const program = stageBatch(engine, 'train', x, y);
  return profileStep(engine, program, options);
}
