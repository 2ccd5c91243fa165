import type { Engine } from '../engine/engine.js';
import { rehearse } from '../engine/steps.js';
import { checkNumber, checkOptions } from '../errors.js';
import { type Profile, type ProfileOptions, profileProgram } from '../program/profile.js';
import { type Data, stageBatch } from '../rows/arrays.js';

export { profileProgram };

/** Times the calls of a training step on one batch. */
export function profile(engine: Engine, x: Data, y: Data, options: ProfileOptions): Profile {
  checkOptions(options, ['repeats'], 'profile');
  if (options.repeats !== undefined) checkNumber(options.repeats, 'profile.repeats', { min: 1, integer: true });
  const program = stageBatch(engine, 'train', x, y);
  return profileProgram(...rehearse(engine, program), options);
}
