import * as m from '../../../src/index.js';

export interface Row {
  readonly theirs: string;
  readonly ours: string;
  readonly finding?: string;
  check(): unknown;
}

export interface Peer {
  readonly name: string;
  /** What is written how. */
  readonly same: readonly Row[];
  /** What differs, though it has the same name or purpose. */
  readonly different: readonly Row[];
}

export const x = Array.from({ length: 40 }, (_, i) => [Math.sin(i * 7), Math.cos(i * 3)]);
export const y = x.map(([a, b]) => (a! > b! ? 1 : 0));
export const backend = m.typescript();

/** A small classifier, compiled. */
export function classifier(metrics: m.MetricSpec[] = []) {
  const layers = [
    m.dense({ units: 4, activation: 'relu', inputShape: 2 }),
    m.dense({ units: 2, activation: 'softmax' }),
  ];
  const model = m.sequential({ layers, backend });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', ...metrics] });
  return model;
}

/** One unit without activation, its weight as given. */
export function unit(weight: number, options: Partial<Parameters<typeof m.dense>[0]> = {}) {
  const model = m.sequential({ layers: [m.dense({ units: 1, useBias: false, inputShape: 1, ...options })], backend });
  model.setWeights({ 'layers.0.kernel': m.matrix([[weight]]) });
  return model;
}

export const variance = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

export const names = async (fitted: Promise<{ history: object }>) => Object.keys((await fitted).history);
