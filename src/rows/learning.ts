import { ValueError } from '../errors.js';

/** Batches of tables, which learn in a pass over what they read, unless they have learned elsewhere. */
export interface Learning {
  /** There is nothing left to learn. */
  readonly isFitted: boolean;
  /** Learns, and returns the classes of a target of texts. */
  prepare(): Promise<{ readonly classNames: readonly string[] | undefined }>;
}

/** Refuses to learn from rows that are there to be judged or predicted. @throws ValueError */
export function checkFitted(source: unknown, argument: string): void {
  if ((source as Partial<Learning> | null | undefined)?.isFitted !== false) return;
  throw new ValueError({
    argument,
    given: 'batches whose preprocess has learned nothing yet',
    expected: 'those of a preprocess that has learned from the rows of training',
    hint: 'Take the preprocess of training, as in batches({ preprocess: inputs, ... }), or fit it first: inputs.fit(table). Of these rows it would learn another scale than the model has.',
  });
}
