import type { Column } from '../column.js';
import { factsOf, lateRemark, lateText, remarksOn, type Said } from '../remarks.js';
import type { ColumnReport } from '../report.js';
import { type Settings, settingsOf } from './cell-options.js';
import { withCounter } from './counter.js';
import { type Doubts, doubtsOf } from './doubts.js';
import type { Findings } from './findings.js';
import { type Decision, type Evidence, isNumberLike, whyOf } from './infer.js';
import { interpret } from './interpret.js';
import type { Reading, ReadPlan } from './reading.js';

/** A column as it is in a table, and what is said of it. */
export interface Settled {
  readonly column: Column;
  readonly why: string;
  readonly remarks: readonly string[];
  readonly doubts: Doubts;
  /** Describes the column where its final kind differs from the one it was collected as. */
  readonly described?: Omit<ColumnReport, 'name' | 'why' | 'kind'>;
}

/** Returns whether a point before decimals is seen in a column. */
function hasPoint(column: Column): boolean {
  if (column.kind === 'number')
    return column.values.some((value) => Number.isFinite(value) && !Number.isInteger(value));
  if (column.kind !== 'category' || column.categories.length === 0) return false;
  return column.categories.every(isNumberLike) && column.categories.some((text) => /\.\d{1,2}\D*$/.test(text));
}

/** Decides what the columns of a whole table are, once all of them are there. */
export class Settling {
  readonly #thousands: Record<string, NonNullable<Decision['thousands']>> = Object.create(null);
  readonly #formats: Record<string, string> = Object.create(null);
  #pointed: ReadonlySet<string> | undefined;

  constructor(
    private readonly plan: ReadPlan,
    private readonly columns: readonly Column[],
    private readonly lineOf: (row: number) => number | undefined,
    private readonly separator?: string,
    /** The remarks already made, where the cells are a block of a stream. */
    private readonly said?: Said,
  ) {}

  /** Returns whether columns other than this have a point before decimals. All are looked at once, however many ask. */
  #pointBeside(name: string): boolean {
    this.#pointed ??= new Set(this.columns.filter(hasPoint).map((column) => column.name));
    return this.#pointed.size > (this.#pointed.has(name) ? 1 : 0);
  }

  /** The options with which similar tables are read. */
  get reading(): Reading {
    const { reading, thousands, dateFormat } = this.plan;
    const merged = <V>(given: V | Readonly<Record<string, V>> | undefined, found: Readonly<Record<string, V>>) => {
      if (Object.keys(found).length === 0) return given;
      if (typeof given === 'object') return { ...given, ...found };
      return given !== undefined && Object.values(found).every((one) => one === given) ? given : { ...found };
    };
    const by = merged(thousands, this.#thousands);
    const format = merged(dateFormat, this.#formats);
    return {
      ...reading,
      ...(by !== undefined && { thousands: by }),
      ...(format !== undefined && { dateFormat: format }),
    } as Reading;
  }

  #placeOf(row: number): string {
    const line = this.lineOf(row);
    return line === undefined ? `row ${row}` : `line ${line}`;
  }

  /**
   * Does the same for a block of a stream, whose columns stay what the first rows say: `first` where it holds these. What
   * comes later cannot settle what they leave open.
   */
  settleBlock(column: Column, findings: Findings, evidence: Evidence | undefined, first: boolean): Settled {
    const { name, kind } = column;
    const settings = settingsOf(this.plan, name, this.separator);
    const { thousands, dateFormat } = evidence?.plain === false ? evidence : settings;
    if (evidence && thousands !== undefined) this.#thousands[name] = thousands;
    if (evidence && dateFormat !== undefined) this.#formats[name] = dateFormat;
    const how = { thousands, order: dateFormat, said: this.said };
    const remarks = [...factsOf(name, kind, findings, (row) => this.#placeOf(row), how)];
    const settled = { column, why: evidence?.why ?? 'as given', remarks };
    if (kind !== 'category' || !evidence) return { ...settled, doubts: {} };
    const late = evidence.values === 0 ? lateText(column) : undefined;
    if (late !== undefined && this.said?.first(name, 'late')) remarks.push(lateRemark(name, late));
    const doubts = first ? doubtsOf(column, evidence, settings, this.lineOf) : {};
    return { ...settled, remarks: [...remarks, ...remarksOn(name, doubts)], doubts };
  }

  /** `evidence` is what the first values say where the kind was not given. */
  settle(column: Column, findings: Findings, evidence: Evidence | undefined): Settled {
    const { name } = column;
    const settings: Settings = {
      ...settingsOf(this.plan, name, this.separator),
      pointElsewhere: () => !this.plan.decimalComma && this.#pointBeside(name),
    };
    const { said } = this;
    const placeOf = (row: number) => this.#placeOf(row);
    if (column.kind !== 'category' || !evidence) {
      const { thousands, dateFormat: order } = settings;
      const remarks = factsOf(name, column.kind, findings, placeOf, { thousands, order, said });
      const counted = evidence ? withCounter(column) : column;
      return { column: counted, why: evidence?.why ?? 'as given', remarks, doubts: {} };
    }
    const made = interpret(column, settings);
    const { decision } = made;
    const { thousands, dateFormat } = decision;
    if (decision.kind === 'category') {
      const doubts = doubtsOf(column, decision, settings, this.lineOf);
      const why =
        evidence.kind === 'category' && !evidence.suspicion
          ? evidence.why
          : whyOf(decision, column.categories, '', false);
      return {
        column,
        why: evidence.kind === 'category' ? why : evidence.why,
        remarks: remarksOn(name, doubts),
        doubts,
      };
    }
    if (thousands !== undefined) this.#thousands[name] = thousands;
    if (dateFormat !== undefined) this.#formats[name] = dateFormat;
    return {
      column: withCounter(made.column),
      why: whyOf(decision, column.categories, 'all values are', false),
      remarks: factsOf(name, decision.kind, made.findings, placeOf, { thousands, order: dateFormat, said }),
      doubts: {},
      ...(made.described && { described: made.described }),
    };
  }
}
