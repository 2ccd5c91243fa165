import type { Builder } from '../cells/builders.js';
import { adviceFor } from '../cells/infer.js';
import { DataError, shorten } from '../data-error.js';
import type { Place } from './byte-codes.js';

/** A text among values of another kind. */
export interface Stray extends Place {
  readonly text: string;
}

/** The column that it stands in. */
interface Strayed {
  readonly name: string;
  readonly builder: Builder | undefined;
}

export function strayError(source: string, { name, builder }: Strayed, { text, ...place }: Stray): DataError {
  return new DataError({
    code: 'value',
    source,
    ...place,
    field: name,
    problem: `'${shorten(text)}' is not a ${builder?.kind}`,
    hint: adviceFor(text, builder?.kind, name),
  });
}
