import type { Engine } from '../../engine/engine.js';
import { ownProgram } from '../../engine/rare/own-programs.js';
import { INFERENCE_ROWS } from '../../engine/training-plan.js';
import type { Program } from '../../program/emitter.js';
import type { Parameter } from '../../program/parameter.js';
import { Arena, type Tensor } from '../../program/plan.js';
import { compileGradients, compileInspect, type Wish } from '../../program/rare/backward-program.js';
import type { LinkedProgram } from '../../program/run.js';

/** Says where a program leaves the gradients of trainable parameters, in the layout of each; those of tables are by row. */
interface Places {
  readonly parameters: ReadonlyMap<Parameter, Tensor>;
}

export type GradientProgram = LinkedProgram & Places;

/** Does `work` while the gradients of parameters have the places of `areas`. */
function placing<T>(areas: ReadonlyMap<Parameter, Tensor>, work: () => T): T {
  const before = [...areas.keys()].map(({ gradient }) => gradient.offset);
  for (const [{ gradient }, { offset }] of areas) gradient.offset = offset;
  try {
    return work();
  } finally {
    [...areas.keys()].forEach(({ gradient }, i) => {
      gradient.offset = before[i] as number;
    });
  }
}

function compile(engine: Engine, wish: Wish, rows: number, trainingBase: number): Program & Places {
  const { compiled, network } = engine;
  // A model that is not compiled has no place for gradients.
  const arena = new Arena(trainingBase || engine.compileProgram('predict', INFERENCE_ROWS).end);
  const learning = network.parameters.filter(({ trainable, layout }) => trainable && layout !== 'table');
  const parameters = new Map(
    learning.map((parameter) => [parameter, compiled ? parameter.gradient : arena.take({ ...parameter.gradient })]),
  );
  const training = wish.loss ? engine.training : undefined;
  const program = placing(parameters, () => compileGradients(network, training, wish, rows, arena.end));
  return { ...program, mode: 'own', parameters };
}

/** Returns the program of a wish for a number of rows. */
export function gradientProgram(engine: Engine, wish: Wish, rows: number): GradientProgram {
  const name = `gradients ${engine.compiled} ${Object.values(wish).join()}`;
  return ownProgram(engine, name, rows, (rows, base) => compile(engine, wish, rows, base), wish.weighted);
}

/** Returns the program that keeps every layer's output, and the gradient of the loss by it. */
export function inspection(engine: Engine, rows: number, weighted: boolean): LinkedProgram {
  const compile = (rows: number, base: number): Program => {
    return { ...compileInspect(engine.network, engine.training, rows, base, weighted), mode: 'own' };
  };
  return ownProgram(engine, `inspect ${weighted}`, rows, compile, weighted);
}

declare module '../../rare.js' {
  interface RareParts {
    readonly inspection: typeof inspection;
  }
}
