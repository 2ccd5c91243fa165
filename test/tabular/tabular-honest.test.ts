import { describe, expect, test } from 'vitest';
import { Choices } from '../../src/data/tabular/estimate/choices.js';
import { HeldOut } from '../../src/data/tabular/estimate/held-out.js';
import { lossOfMore } from '../../src/data/tabular/estimate/more-networks.js';
import { partsOf } from '../../src/data/tabular/estimate/parts.js';
import { Generator } from '../../src/kernels/lib/philox.js';

const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;

describe('rows that are left out', () => {
  test.each([
    // rows, networks, rows that each leaves out, networks that leave out a row
    [150, 10, 18.75, 3],
    [1000, 10, 125, 3],
    [5000, 5, 1000, 3],
    [100, 2, 20, 2],
    [100, 3, 20, 3],
    [60, 20, 7.5, 3],
    [80, 50, 10, 7],
    [12, 12, 1.5, 3],
    [2, 2, 1, 2],
  ])('%i by %i networks', (rows, members, each, together) => {
    const parts = partsOf(rows, members, 7, undefined);
    expect(parts.length).toBe(members);
    const times = new Map<number, number>();
    for (const { train, held } of parts) {
      expect(Math.abs(held.length - each)).toBeLessThanOrEqual(Math.max(1, each * 0.1));
      expect(held.length).toBeGreaterThan(0);
      expect(train.length).toBe(rows - held.length);
      expect(train.length).toBeGreaterThan(0);
      expect(new Set([...train, ...held]).size).toBe(rows);
      for (const row of held) times.set(row, (times.get(row) ?? 0) + 1);
    }
    expect([...new Set(times.values())]).toEqual([together]);
  });

  test('have the shares of the classes, and are others for another seed', () => {
    const labels = Float32Array.from({ length: 300 }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const rowsOf = (seed: number) =>
      [...new Set(partsOf(300, 10, seed, labels).flatMap(({ held }) => [...held]))].sort();
    const rows = rowsOf(1);
    expect(Math.abs(rows.filter((row) => labels[row] === 1).length / rows.length - 0.1)).toBeLessThan(0.01);
    expect(rowsOf(1)).toEqual(rows);
    expect(rowsOf(2)).not.toEqual(rows);
  });

  test.each([
    [120, 10, [0.5, 0.3, 0.2]],
    [400, 10, Array.from({ length: 10 }, () => 0.1)],
    [3000, 5, [0.9, 0.1]],
  ])('%i rows by %i networks: each leaves out as much of every class as the others', (rows, members, shares) => {
    const bounds = shares.map((_, i) => shares.slice(0, i + 1).reduce((sum, share) => sum + share, 0) * rows);
    const labels = Float32Array.from({ length: rows }, (_, row) => bounds.findIndex((bound) => row < bound - 1e-9));
    const parts = partsOf(rows, members, 5, labels);
    shares.forEach((_, label) => {
      const counts = parts.map(({ held }) => held.filter((row) => labels[row] === label).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    });
    const sizes = parts.map(({ held }) => held.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(shares.length);
  });

  test('a network for each row at most', () => {
    expect(() => partsOf(4, 5, 0, undefined)).toThrow(/members: expected a row for each, got 5 of 4 rows/);
  });
});

describe('what to expect of more networks than those that left out a row', () => {
  const squaredErrorOf = (errors: readonly number[], members: number) => lossOfMore(errors, members, (e) => e * e);
  const logLossOf = (p: readonly number[], members: number) => lossOfMore(p, members, (p) => -Math.log(p));
  const random = new Generator(3, 9);
  const normal = () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.uniform();
    return sum;
  };

  test.each([2, 3, 5])('squared errors of %i are those of ten, in the mean', (seen) => {
    const [told, true_]: [number[], number[]] = [[], []];
    for (let i = 0; i < 20_000; i++) {
      const bias = normal();
      const errors = Array.from({ length: 10 }, () => bias + 2 * normal());
      told.push(squaredErrorOf(errors.slice(0, seen), 10));
      true_.push(mean(errors) ** 2);
    }
    // 1 + 4 / 10, where a mean of two has 1 + 4 / 2.
    expect(Math.abs(mean(told) - 1.4)).toBeLessThan(0.1);
    expect(Math.abs(mean(true_) - 1.4)).toBeLessThan(0.1);
  });

  test('of all of them it is their own', () => {
    expect(squaredErrorOf([1, 2, -1], 3)).toBeCloseTo((2 / 3) ** 2, 12);
    expect(logLossOf([0.2, 0.4, 0.9], 3)).toBeCloseTo(-Math.log(0.5), 12);
    expect(logLossOf([0.2, 0.4], 2)).toBeCloseTo(-Math.log(0.3), 12);
    expect(logLossOf([0.2], 1)).toBeCloseTo(-Math.log(0.2), 12);
  });

  test.each([
    // How far apart networks are, and what is left of the error of three: a share of it, and in all.
    ['nearly agree', 0.5, 1 / 4, 0.01],
    ['differ', 1.5, 1 / 4, 0.01],
    ['differ much', 2.5, 0.45, 0.015],
  ])(
    'log losses of three that %s are those of ten, in the mean, and those of their mean are not',
    (_, spread, share, most) => {
      const [told, ten, three]: [number[], number[], number[]] = [[], [], []];
      for (let i = 0; i < 20_000; i++) {
        const centre = 2 + 1.5 * normal();
        const p = Array.from({ length: 10 }, () => 1 / (1 + Math.exp(-(centre + spread * normal()))));
        told.push(logLossOf(p.slice(0, 3), 10));
        ten.push(-Math.log(mean(p)));
        three.push(-Math.log(mean(p.slice(0, 3))));
      }
      const left = Math.abs(mean(told) - mean(ten));
      expect(left).toBeLessThan((mean(three) - mean(ten)) * share);
      expect(left).toBeLessThan(most);
    },
  );
});

describe('what is chosen', () => {
  const chosen = (losses: readonly number[]) => {
    const choices = new Choices(1, [1]);
    losses.forEach((loss, epoch) => {
      choices.take(epoch, 1, [loss]);
    });
    return choices.list[0]!.bestEpoch;
  };

  test('is the end of a valley, not a single epoch that is ahead by chance', () => {
    // A valley around epoch 20, and one epoch far out that is better than all.
    const valley = Array.from({ length: 60 }, (_, epoch) => 1 + ((epoch - 20) / 20) ** 2);
    expect(chosen(valley)).toBe(22);
    expect(chosen(valley.map((loss, epoch) => (epoch === 50 ? 0.2 : loss)))).toBe(22);
    expect(chosen(valley.map((loss, epoch) => (epoch === 50 ? -40 : loss)))).toBe(50);
  });

  test.each([
    ['one', [1], 0],
    ['falling', [5, 4, 3, 2, 1], 4],
    ['rising', [1, 2, 3], 0],
    ['a first that is no loss', [Number.POSITIVE_INFINITY, 2, 1, 3], 2],
    ['infinite ones between', [2, Number.POSITIVE_INFINITY, 1], 2],
    ['no rows, the last', [Number.NaN, Number.NaN, Number.NaN], 2],
  ])('%s', (_, losses, best) => {
    expect(chosen(losses)).toBe(best);
  });

  test('without rows, is the last epoch as it is: at the first temperature', () => {
    const choices = new Choices(2, [1, 2, 4]);
    for (const epoch of [0, 1, 2])
      for (const by of [1, 2, 4]) choices.take(epoch, by, [3 - epoch - by / 8, Number.NaN]);
    expect(choices.list).toMatchObject([
      { bestEpoch: 2, temperature: 4 },
      { bestEpoch: 2, temperature: 1 },
    ]);
  });

  test('goes on as if it had not stopped', () => {
    const losses = Array.from({ length: 40 }, (_, epoch) => [1 + Math.sin(epoch), 2 + Math.cos(epoch)]);
    const [whole, before] = [new Choices(2, [1, 2]), new Choices(2, [1, 2])];
    const take = (choices: Choices, from: number, to: number) => {
      for (let epoch = from; epoch < to; epoch++) {
        choices.take(epoch, 1, losses[epoch]!);
        choices.take(epoch, 2, losses[epoch]!.toReversed());
      }
    };
    take(whole, 0, 40);
    take(before, 0, 17);
    const after = new Choices(2, [1, 2]);
    after.restore(before.list, before.judged);
    take(after, 17, 40);
    expect(after.list).toEqual(whole.list);
    expect(after.judged).toEqual(whole.judged);
  });
});

describe('what is measured', () => {
  /** Twelve rows that three networks leave out, in six epochs; of some rows the first are best, of others the last. */
  function heldOut(truth: Float32Array, seed = 1) {
    const rows = Uint32Array.from({ length: 12 }, (_, i) => i);
    const held = new HeldOut([rows, rows, rows], truth, 1, 'regression', seed);
    for (let epoch = 0; epoch < 6; epoch++) {
      for (let k = 0; k < 3; k++)
        held.take(
          k,
          Float32Array.from(rows, (row) => (row % 3) + epoch * 0.5 + k * 0.01),
        );
      held.settle(epoch);
    }
    return held;
  }

  test('hangs on no target of its own: it chose nothing', () => {
    const truth = Float32Array.from({ length: 12 }, (_, i) => (i % 3) + 1);
    const before = heldOut(truth).outputs.data.slice();
    let moved = 0;
    for (let row = 0; row < 12; row++) {
      const other = truth.slice();
      other[row] = -50;
      const after = heldOut(other);
      expect(after.outputs.data[row]).toBe(before[row]);
      if (after.outputs.data.some((value, i) => value !== before[i])) moved++;
      expect(after.bestEpoch).toBe(0);
    }
    expect(moved).toBe(12);
  });

  test('is at the best epoch of the other rows, which all rows share where they agree', () => {
    const truth = Float32Array.from({ length: 12 }, (_, i) => (i % 3) + 1);
    const held = heldOut(truth);
    expect(held.bestEpoch).toBe(2);
    expect(held.squared).toBeCloseTo(0.01 ** 2, 5);
    expect(held.curve.length).toBe(6);
    expect(Math.min(...held.curve)).toBe(held.curve[2]);
  });

  test.each([true, false])(
    'an epoch in which networks go wild, at random, is not the best (of rows known to all: %s)',
    (all) => {
      const rows = Uint32Array.from({ length: 12 }, (_, i) => i);
      const truth = new Float32Array(12);
      // Of two that left out a row one says too much and one too little: the estimate for ten is below 0.
      const members = all ? 2 : 10;
      const held = Array.from({ length: members }, (_, k) => (k < 2 ? rows : new Uint32Array(0)));
      const measured = new HeldOut(held, truth, 1, 'regression', 1);
      for (const [epoch, error] of [0.5, 3, 0.4].entries()) {
        const signs = epoch === 1 ? [1, -1] : [1, 1];
        signs.forEach((sign, k) => {
          measured.take(k, new Float32Array(12).fill(sign * error));
        });
        measured.settle(epoch);
      }
      // Where there are no others, the mean of the two is what counts, and that is right.
      expect(measured.bestEpoch).toBe(all ? 1 : 2);
      expect(measured.curve.every((loss) => loss >= 0)).toBe(true);
    },
  );

  test('goes on where it stood', () => {
    const truth = Float32Array.from({ length: 12 }, (_, i) => (i % 3) + 1);
    const held = heldOut(truth);
    const rows = Uint32Array.from({ length: 12 }, (_, i) => i);
    const again = new HeldOut([rows, rows, rows], truth, 1, 'regression', 1);
    again.state = structuredClone(held.state);
    expect(again.state).toEqual(held.state);
    expect(again.settle(6)).toBe(false);
    expect(again.bestEpoch).toBe(2);
  });

  test('is tempered where networks are more certain than right', () => {
    const rows = Uint32Array.from({ length: 40 }, (_, i) => i);
    // A fifth is wrong, and all are as certain as can be.
    const truth = Float32Array.from(rows, (row) => (row % 5 === 0 ? 1 : 0));
    const outputs = Float32Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? 0.998 : 0.002));
    const sure = new HeldOut([rows, rows, rows], truth, 2, 'classification', 1);
    for (let k = 0; k < 3; k++) sure.take(k, outputs);
    sure.settle(0);
    expect(sure.temperature).toBe(4);
    expect(mean([...sure.losses])).toBeLessThan(0.6);
    expect(sure.outputs.data[0]! + sure.outputs.data[1]!).toBeCloseTo(1, 6);
    expect(sure.outputs.data[0]).toBeLessThan(0.9);
  });
});
