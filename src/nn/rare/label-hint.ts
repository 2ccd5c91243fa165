/**
 * Advises what to do about labels that are no class indices from 0 to `classes` - 1, where their range tells; undefined
 * where it does not.
 */
export function labelHint(labels: ArrayLike<number>, classes: number): string | undefined {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (!Number.isInteger(label)) return undefined;
    if (label < least) least = label;
    if (label > most) most = label;
  }
  const shift = 'subtract 1 from each, as in y.map((label) => label - 1)';
  if (least === 1 && most === classes)
    return `The labels go from 1 to ${most}, and class indices begin at 0: ${shift}.`;
  if (least === 1 && most > classes) {
    return `The labels go from 1 to ${most}, and class indices begin at 0: ${shift}, and end the model in ${most} units.`;
  }
  if (least >= 0 && most - least < classes) {
    return `The labels go from ${least} to ${most}, and class indices begin at 0: subtract ${least} from each.`;
  }
  if (least === 0)
    return `The labels go up to ${most}: end the model in ${most + 1} units with softmax, one per class.`;
  if (least === -1 && most < classes) {
    const binary = most === 1 && classes === 2;
    return binary
      ? 'Class indices begin at 0: of labels -1 and 1 take (label + 1) / 2.'
      : 'Class indices begin at 0: drop the rows of -1, or give them a class of their own.';
  }
  return undefined;
}

declare module '../../rare.js' {
  interface RareParts {
    readonly labelHint: typeof labelHint;
  }
}
