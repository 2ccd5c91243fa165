import { checkBoolean, checkNumber, show, ValueError } from '../../errors.js';
import { makeAveraging } from '../../nn/rare/averages.js';
import type { UpdateOptions, UpdatePlan } from '../update-options.js';

const CLIPS = { clipValue: 'value', clipNorm: 'norm', globalClipNorm: 'globalNorm' } as const;

/** @throws ValueError for options out of range, or that do not go together. */
export function planUpdate(options: UpdateOptions): UpdatePlan {
  const { trackGradientNorm = false, gradientAccumulationSteps = 1, averaging, onNonFinite = 'stop' } = options;
  const given = (Object.keys(CLIPS) as (keyof typeof CLIPS)[]).filter((name) => options[name] !== undefined);
  for (const name of given) checkNumber(options[name], name, { above: 0 });
  const [name, other] = given;
  if (name && other) {
    throw new ValueError({
      argument: other,
      given: `${options[other]} with ${name}`,
      expected: 'one way of clipping',
    });
  }
  checkBoolean(trackGradientNorm, 'trackGradientNorm');
  checkNumber(gradientAccumulationSteps, 'gradientAccumulationSteps', { min: 1, integer: true });
  if (onNonFinite !== 'stop' && onNonFinite !== 'skip') {
    throw new ValueError({ argument: 'onNonFinite', given: show(onNonFinite), expected: "'stop' or 'skip'" });
  }
  return {
    clip: name && { by: CLIPS[name], limit: options[name] as number },
    trackGradientNorm,
    accumulationSteps: gradientAccumulationSteps,
    averaging: averaging === undefined ? undefined : makeAveraging(averaging),
    onNonFinite,
  };
}

declare module '../../rare.js' {
  interface RareParts {
    readonly planUpdate: typeof planUpdate;
  }
}
