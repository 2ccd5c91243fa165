/** A continuous distribution, exactly. */
export interface Distribution {
  readonly mean: number;
  readonly variance: number;
  readonly low: number;
  readonly high: number;
  cdf(x: number): number;
}

/** The standard normal's, to about 1e-15: Taylor's series about 0, a continued fraction in the tails. */
export function normalCdf(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) > 4) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / (Math.abs(x) + fraction);
    const tail = density / (Math.abs(x) + fraction);
    return x < 0 ? tail : 1 - tail;
  }
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + density * sum;
}

export function uniform(low: number, high: number): Distribution {
  return {
    mean: (low + high) / 2,
    variance: (high - low) ** 2 / 12,
    low,
    high,
    cdf: (x) => Math.min(1, Math.max(0, (x - low) / (high - low))),
  };
}

export function normal(mean: number, stddev: number): Distribution {
  const cdf = (x: number) => normalCdf((x - mean) / stddev);
  return { mean, variance: stddev ** 2, low: -Infinity, high: Infinity, cdf };
}

/** A normal drawn again beyond two deviations. */
export function truncatedNormal(mean: number, stddev: number): Distribution {
  const mass = normalCdf(2) - normalCdf(-2);
  const density = Math.exp(-2) / Math.sqrt(2 * Math.PI);
  const cdf = (x: number) => {
    const z = Math.min(2, Math.max(-2, (x - mean) / stddev));
    return (normalCdf(z) - normalCdf(-2)) / mass;
  };
  const variance = stddev ** 2 * (1 - (4 * density) / mass);
  return { mean, variance, low: mean - 2 * stddev, high: mean + 2 * stddev, cdf };
}

/** Draws between two looks at the distribution: too few to hide a deviation that matters among a million. */
const STRIDE = 8;

/** The probability of a deviation as large as that of these draws, by Kolmogorov and Smirnov. */
export function kolmogorovSmirnov(draws: Float32Array, { cdf }: Distribution): number {
  const sorted = draws.slice().sort();
  const n = sorted.length;
  let largest = 0;
  for (let i = 0; i < n; i += STRIDE) {
    const p = cdf(sorted[i]!);
    largest = Math.max(largest, p - i / n, (i + 1) / n - p);
  }
  const x = largest * Math.sqrt(n);
  if (x < 0.3) return 1;
  let p = 0;
  for (let k = 1; k < 50; k++) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * x * x);
  return p;
}
