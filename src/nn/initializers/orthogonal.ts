/** Takes the part along the unit vector `q` off `v`. */
function reduce(v: Float64Array, q: Float64Array): void {
  const along = dot(v, q);
  for (let i = 0; i < v.length; i++) v[i] = v[i]! - along * q[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Does the same for four unit vectors at right angles to each other: one pass over `v` measures, one subtracts. */
function reduceFour(v: Float64Array, q0: Float64Array, q1: Float64Array, q2: Float64Array, q3: Float64Array): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const n = v.length;
  for (let i = 0; i < n; i++) {
    const x = v[i]!;
    s0 += x * q0[i]!;
    s1 += x * q1[i]!;
    s2 += x * q2[i]!;
    s3 += x * q3[i]!;
  }
  for (let i = 0; i < n; i++) v[i] = v[i]! - s0 * q0[i]! - s1 * q1[i]! - s2 * q2[i]! - s3 * q3[i]!;
}

function normalize(v: Float64Array): void {
  const length = Math.sqrt(dot(v, v)) || 1;
  for (let i = 0; i < v.length; i++) v[i] = v[i]! / length;
}

/**
 * Makes the columns of a row-major matrix, or its rows where those are fewer, orthogonal and of length `gain`: the
 * modified method of Gram and Schmidt in blocks of four, in float64, by square roots and sums in a fixed order, so that
 * every engine gets the same bits. From normal draws, the directions come out uniform (Haar): the triangular factor has a
 * positive diagonal.
 */
export function orthonormalize(weights: Float32Array, rows: number, columns: number, gain: number): void {
  const tall = rows >= columns;
  const [count, n] = tall ? [columns, rows] : [rows, columns];
  const [next, along] = tall ? [1, columns] : [columns, 1];
  const vectors = Array.from({ length: count }, (_, k) => {
    const vector = new Float64Array(n);
    for (let i = 0; i < n; i++) vector[i] = weights[k * next + i * along]!;
    return vector;
  });
  for (let first = 0; first < count; first += 4) {
    const block = vectors.slice(first, first + 4);
    block.forEach((v, k) => {
      for (let q = 0; q < k; q++) reduce(v, block[q]!);
      normalize(v);
    });
    const [q0, q1, q2, q3] = block as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let k = first + 4; k < count; k++) reduceFour(vectors[k]!, q0, q1, q2, q3);
  }
  vectors.forEach((vector, k) => {
    for (let i = 0; i < n; i++) weights[k * next + i * along] = gain * vector[i]!;
  });
}
