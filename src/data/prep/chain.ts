import { lookUp, ShapeError, show, ValueError } from '../../errors.js';
import type { Column } from '../column.js';
import { dateSteps } from './dates.js';
import { encodingSteps } from './encoding.js';
import { missingSteps } from './missing.js';
import { type AnyStep, checkState, type State, type StepSpec } from './preprocessing-step.js';
import { scalingSteps } from './scaling.js';

const columnSteps: Readonly<Record<string, AnyStep>> = {
  ...scalingSteps,
  ...missingSteps,
  ...encodingSteps,
  ...dateSteps,
};

/** Untyped: what goes in has been checked by `plan` and `checkState`. */
interface OpenStep {
  readonly takes: AnyStep['takes'];
  readonly state: AnyStep['state'];
  plan(options: unknown): unknown;
  fit(column: Column, options: unknown): State;
  names(name: string, state: State, options: unknown): readonly string[];
  transform(column: Column, state: State, options: unknown): readonly Column[];
  readonly inverse?: (columns: readonly Column[], state: State, options: unknown) => Column;
}

/** Checks specs of steps, one or several. @throws ValueError for anything but steps. */
export function readSteps(value: unknown, argument: string): readonly StepSpec[] {
  const specs = Array.isArray(value) ? value : [value];
  return specs.map((spec, i) => {
    const place = Array.isArray(value) ? `${argument}[${i}]` : argument;
    if (
      typeof spec !== 'object' ||
      spec === null ||
      typeof spec.step !== 'string' ||
      typeof spec.options !== 'object'
    ) {
      const expected = 'a step, such as standardize() or oneHot()';
      throw new ValueError({ argument: place, given: show(spec), expected });
    }
    return spec as StepSpec;
  });
}

interface Link {
  readonly spec: StepSpec;
  readonly kind: OpenStep;
  readonly options: unknown;
  /** One for each column that comes in. */
  states: readonly State[];
}

/** Steps that follow each other, for one column of a table and what is made of it. */
export class Chain {
  readonly #links: Link[];

  constructor(
    readonly name: string,
    specs: readonly StepSpec[],
    argument: string,
  ) {
    this.#links = specs.map((spec, i) => {
      const kind = lookUp(columnSteps, spec.step, `${argument}[${i}].step`) as unknown as OpenStep;
      return { spec, kind, options: kind.plan(spec.options ?? {}), states: [] };
    });
  }

  /** Learns from a column, and returns what is made of it. */
  fit(column: Column): readonly Column[] {
    let columns: readonly Column[] = [column];
    for (const link of this.#links) {
      const { kind, options } = link;
      for (const item of columns) this.#check(link, item);
      // A state that would not survive saving is refused here.
      link.states = columns.map((item) =>
        checkState(kind.fit(item, options), kind.state, `column '${item.name}', ${link.spec.step}`),
      );
      columns = this.#apply(link, columns);
    }
    return columns;
  }

  #check({ kind, spec }: Link, column: Column): void {
    if (kind.takes !== 'dates' || column.kind === 'date') return;
    throw new ValueError({
      argument: `column '${column.name}'`,
      given: `a ${column.kind}`,
      expected: `a date for ${spec.step}`,
    });
  }

  #apply({ kind, options, states }: Link, columns: readonly Column[]): readonly Column[] {
    return columns.flatMap((column, i) => kind.transform(column, states[i]!, options));
  }

  transform(column: Column): readonly Column[] {
    return this.#links.reduce((columns, link) => this.#apply(link, columns), [column] as readonly Column[]);
  }

  /** Names of what comes out. */
  names(): readonly string[] {
    let names: readonly string[] = [this.name];
    for (const { kind, options, states } of this.#links) {
      names = names.flatMap((name, i) => kind.names(name, states[i]!, options));
    }
    return names;
  }

  /** Restores the column that these were made from, as far as possible. @throws ValueError for a step that has no inverse. */
  inverse(columns: readonly Column[]): Column {
    let names: readonly string[] = [this.name];
    const stages = this.#links.map((link) => {
      const before = names;
      const groups = names.map((name, i) => link.kind.names(name, link.states[i]!, link.options));
      names = groups.flat();
      return { link, before, groups };
    });
    let current = columns;
    for (const { link, before, groups } of stages.reverse()) {
      const { kind, spec, states, options } = link;
      if (!kind.inverse) {
        throw new ValueError({
          argument: `column '${this.name}'`,
          given: spec.step,
          expected: 'steps that can be undone',
        });
      }
      let at = 0;
      current = groups.map((group, i) => {
        const members = current.slice(at, at + group.length);
        at += group.length;
        return { ...kind.inverse!(members, states[i]!, options), name: before[i]! };
      });
    }
    return current[0]!;
  }

  toJSON() {
    return this.#links.map(({ spec, states }) => ({ ...spec, states }));
  }

  /** Restores a fitted chain from its `toJSON`. @throws ShapeError for another number of states than columns. */
  static fromJSON(name: string, value: unknown, argument: string): Chain {
    const specs = readSteps(value, argument);
    const chain = new Chain(name, specs, argument);
    let width = 1;
    chain.#links.forEach((link, i) => {
      const place = `${argument}[${i}].states`;
      const { states } = specs[i] as StepSpec & { states?: unknown };
      if (!Array.isArray(states) || states.length !== width) {
        throw new ShapeError({ argument: place, given: show(states), expected: `an array of ${width}` });
      }
      link.states = states.map((state, k) => checkState(state, link.kind.state, `${place}[${k}]`));
      width = link.states.flatMap((state) => link.kind.names('', state, link.options)).length;
    });
    return chain;
  }
}
