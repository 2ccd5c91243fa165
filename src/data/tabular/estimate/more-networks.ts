/**
 * Returns the loss to expect of the mean of what `members` networks say, by what some of them say: the loss of the mean of r
 * falls about in proportion to 1 / r, so that those of r - 1, each left out in turn, and of r tell that of more (the
 * jackknife, Quenouille 1956). Of squared errors this is exact. Of log losses it is nearer than an expansion by their
 * variance, which overrates how much three networks differ that are each as certain as can be. Single rows may be below 0.
 */
export function lossOfMore(said: readonly number[], members: number, lossOf: (mean: number) => number): number {
  const count = said.length;
  const sum = said.reduce((total, value) => total + value, 0);
  const all = lossOf(sum / count);
  if (count < 2 || count >= members) return all;
  let less = 0;
  for (const value of said) less += lossOf((sum - value) / (count - 1));
  return all - (less / count - all) * (count - 1) * (1 - count / members);
}
