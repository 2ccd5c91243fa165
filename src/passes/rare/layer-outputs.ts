import type { Engine } from '../../engine/engine.js';
import { ownProgram } from '../../engine/rare/own-programs.js';
import { INFERENCE_ROWS } from '../../engine/training-plan.js';
import { lookUp, show, ValueError } from '../../errors.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { emitter } from '../../program/compile.js';
import { copyRows } from '../../program/copy.js';
import type { Program } from '../../program/emitter.js';
import { emitForward, stageInputs } from '../../program/forward-pass.js';
import type { NetworkNode } from '../../program/network.js';
import type { Tensor } from '../../program/plan.js';
import { type Data, readInputs } from '../../rows/arrays.js';

/** A layer that keeps its output, by the node that computes it. */
type Chosen = readonly [name: string, node: number];

/** Layers by name; of what one layer was built of the last node has its output. */
function chosenOf({ network }: Engine, names: unknown): readonly Chosen[] {
  const all = Object.fromEntries(network.nodes.map(({ label }, node) => [label, node]));
  if (names === undefined) return Object.entries(all);
  const list: readonly unknown[] | undefined =
    typeof names === 'string' ? [names] : Array.isArray(names) ? names : undefined;
  if (!list) throw new ValueError({ argument: 'names', given: show(names), expected: 'the names of layers' });
  return list.map((name, i) => [
    name as string,
    lookUp(all, name, typeof names === 'string' ? 'names' : `names[${i}]`),
  ]);
}

/** Emits the forward pass of prediction as far as the last of the chosen layers, whose outputs nothing overwrites. */
function compile({ network }: Engine, chosen: readonly Chosen[], rows: number, base: number): Program {
  const emit = emitter('predict', rows, network);
  const inputs = stageInputs(emit, network);
  const last = Math.max(...chosen.map(([, node]) => node));
  const { values } = emitForward(emit, { ...network, nodes: network.nodes.slice(0, last + 1) }, inputs);
  const outputs = chosen.map(([, node]) => values[inputs.length + node] as Tensor);
  return { ...emit.finish({ inputs, outputs }, base), mode: 'own' };
}

/** As few rows as these are computed in one go, before layers are shared out among several passes. */
const LEAST_ROWS = 32;

/** Layers of one pass, and its rows. */
interface Pass {
  readonly chosen: readonly Chosen[];
  readonly rows: number;
}

/**
 * Shares layers out among passes that the room of predictions holds, so that a training step under way does not notice.
 * Rows are computed by themselves: their number changes no bit.
 */
function passesOf(engine: Engine, chosen: readonly Chosen[], room: number): readonly Pass[] {
  const fits = (rows: number) => {
    return engine.compileProgram((rows, _, base) => compile(engine, chosen, rows, base), rows).end <= room;
  };
  for (let rows = INFERENCE_ROWS; rows > LEAST_ROWS; rows /= 2) if (fits(rows)) return [{ chosen, rows }];
  // The room for 256 rows of a prediction holds 32 rows of it and of any one layer.
  if (chosen.length === 1) return [{ chosen, rows: LEAST_ROWS }];
  const half = Math.ceil(chosen.length / 2);
  return [chosen.slice(0, half), chosen.slice(half)].flatMap((part) => passesOf(engine, part, room));
}

const plans = new WeakMap<Engine, Map<string, readonly Pass[]>>();

/** Returns the passes for layers, planned once. */
function planned(engine: Engine, chosen: readonly Chosen[]): readonly Pass[] {
  const known = plans.get(engine) ?? new Map<string, readonly Pass[]>();
  plans.set(engine, known);
  const key = nodesOf(chosen);
  const passes = known.get(key) ?? passesOf(engine, chosen, engine.compileProgram('predict', INFERENCE_ROWS).end);
  known.set(key, passes);
  return passes;
}

const nodesOf = (chosen: readonly Chosen[]) => chosen.map(([, node]) => node).join();

/** Returns the outputs of layers for any number of rows, by name, with layers in inference mode. */
export function layerOutputs(engine: Engine, x: Data, names?: string | readonly string[]): Record<string, Matrix> {
  const inputs = readInputs(engine, x, 'x');
  const { rows: total } = inputs[0] as Matrix;
  const chosen = chosenOf(engine, names);
  const widths = chosen.map(([, node]) => (engine.network.nodes[node] as NetworkNode).layer.units);
  const results = Object.fromEntries(
    chosen.map(([name], i) => {
      const units = widths[i] as number;
      return [name, makeMatrix(new Float32Array(total * units), total, units)];
    }),
  );
  if (chosen.length === 0) return results;
  for (const { chosen: some, rows: most } of planned(engine, chosen)) {
    for (let start = 0; start < total; start += most) {
      const rows = Math.min(most, total - start);
      const program = ownProgram(engine, `outputs ${nodesOf(some)}`, rows, (rows, _, base) => {
        return compile(engine, some, rows, base);
      });
      engine.stageBatch(program, inputs, [], start);
      engine.runProgram(program);
      some.forEach(([name], i) => {
        const { offset, stride, columns } = program.outputs[i] as Tensor;
        copyRows(engine.heap, offset, stride, (results[name] as Matrix).data, start * columns, columns, rows, columns);
      });
    }
  }
  return results;
}

declare module '../../rare.js' {
  interface RareParts {
    readonly layerOutputs: typeof layerOutputs;
  }
}
