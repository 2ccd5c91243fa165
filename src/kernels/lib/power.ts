/** base^n for a whole n >= 0, by squaring: the same bits on every engine, which the built-in power does not promise. */
export function power(base: number, n: number): number {
  let result = 1;
  for (let square = base, rest = n; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) result *= square;
  }
  return result;
}
