import type { OptionRange } from '../../../src/kernels/definition.js';
import type { LossDefinition } from '../../../src/kernels/lib/loss.js';
import { type LossName, lossTable } from '../../../src/kernels/tables.js';
import { type Buffer, makers, type Random } from '../buffers.js';

export const lossNames = Object.keys(lossTable) as LossName[];

export function definitionOf(name: LossName): LossDefinition {
  return lossTable[name].definition as unknown as LossDefinition;
}

/** A target that the loss takes. */
export function drawTarget(random: Random, { targets, domain }: LossDefinition, units: number): number {
  if (targets === 'label') return random.integer(units);
  if (domain === 'sign') return 2 * random.integer(2) - 1;
  if (domain === 'probability') return random.integer(3) ? random.uniform() : random.integer(2);
  return domain === 'nonNegative' ? 3 * random.uniform() : 4 * random.uniform() - 2;
}

/** Options somewhere in their ranges. */
function drawOptions(random: Random, { options }: LossDefinition): object {
  const drawn = Object.entries(options as Record<string, OptionRange>).map(([name, range]) => {
    if (random.integer(2)) return [name, range.default];
    if (typeof range.default === 'boolean') return [name, random.integer(2) === 1];
    return [name, random.uniform() * ('above' in range || 'max' in range ? 0.9 : 3) + 0.05];
  });
  return Object.fromEntries(drawn);
}

/** A random call of a loss kernel. */
export function lossCall(name: LossName): (random: Random) => readonly (number | Buffer)[] {
  const definition = definitionOf(name);
  return (random) => {
    const m = makers(random);
    const [rows, columns] = [random.between(1, 13), random.integer(3) ? random.between(1, 37) : 1];
    const y = m.matrix(rows, columns);
    const target = () => drawTarget(random, definition, columns);
    const labels = definition.targets === 'label';
    const t = labels ? m.vector(rows, false, target) : m.matrix(rows, columns, false, target);
    const weights = m.vector(rows, false, () => random.integer(4) * random.uniform());
    const dy = { ...y, data: y.data.map((v) => v + 1), output: true };
    const args = definition.args(drawOptions(random, definition));
    const strides = [y.stride, labels ? 1 : t.stride];
    const scales = [random.positive(), random.positive()];
    return [y, t, random.integer(2) ? weights : -1, dy, m.scalar(), rows, columns, ...strides, ...scales, ...args];
  };
}
