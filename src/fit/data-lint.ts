import type { Engine } from '../engine/engine.js';
import type { BoundTarget } from '../engine/training-plan.js';
import { lintData, type Task } from '../insight/checks.js';
import type { Finding, LintCode } from '../insight/finding.js';
import { isSparse, type Matrix, makeMatrix } from '../matrix.js';
import type { Pause } from '../rows/feed.js';
import type { FitPlan } from './fit-plan.js';
import { inSlices } from './validation.js';

/** Returns the task that a loss is for; undefined where targets may be anything. */
function taskOf({ name, definition: { targets, domain } }: BoundTarget['objective']): Task | undefined {
  if (name === 'custom' || name === 'klDivergence') return undefined;
  if (targets !== 'numbers') return 'classification';
  return domain === 'any' ? 'regression' : undefined;
}

/** Warns once for each code, with the first finding of it. */
function warn(findings: readonly Finding[]): void {
  const byCode = new Map<LintCode, Finding[]>();
  for (const finding of findings) byCode.set(finding.code, [...(byCode.get(finding.code) ?? []), finding]);
  for (const [code, [first, ...more]] of byCode) {
    const { message, suggestion } = first as Finding;
    const others = more.length > 0 ? ` (and ${more.length} more)` : '';
    console.warn(`myelin: ${message}${others}. ${suggestion} [lint: { ignore: ['${code}'] } silences this]`);
  }
}

function rowsOf(matrix: Matrix, rows: Uint32Array): Matrix {
  if (isSparse(matrix)) return matrix.take(rows);
  const { data, columns } = matrix;
  const made = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => {
    made.set(data.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return makeMatrix(made, rows.length, columns);
}

/** Looks at the rows of a run before its first step. */
export async function warnOfData(engine: Engine, plan: FitPlan, pause: Pause): Promise<void> {
  const { sample: all, chosen } = plan.feed;
  if (!all || !plan.lint) return;
  const sample = chosen
    ? { x: all.x.map((data) => rowsOf(data, chosen)), y: all.y.map((data) => rowsOf(data, chosen)) }
    : all;
  const { network, training } = engine;
  const several = (names: readonly unknown[], name: string, whole: string) =>
    names.length > 1 ? `${whole}.${name}` : whole;
  const x = network.inputs.flatMap(({ name, ids }, i) => {
    const data = sample.x[i];
    return ids || !data ? [] : [{ label: several(network.inputs, name, 'x'), data, i }];
  });
  const y = training.targets.flatMap(({ name, objective }, i) => {
    const [data, task] = [sample.y[i], taskOf(objective)];
    return data && task ? [{ label: several(training.targets, name, 'y'), data, task, i }] : [];
  });
  const held = plan.validation && 'pair' in plan.validation ? plan.validation.pair : undefined;
  const validation =
    held && x.length === network.inputs.length
      ? { x: x.map(({ i }) => held.x[i]!), y: y.map(({ i }) => held.y[i]!) }
      : undefined;
  warn(await inSlices(lintData({ x, y, validation }, plan.lint), pause));
}
