import { asError, BackendError } from '../errors.js';
import { PAGE_ELEMENTS } from '../kernels/contract.js';

/** Returns the error for a heap that the engine could not allocate. */
export function noRoom(elements: number, thrown: unknown): BackendError {
  const pages = Math.ceil(elements / PAGE_ELEMENTS);
  return new BackendError(
    `The engine has no room for a heap of ${pages} pages of 64 KiB. Models that are no longer referenced give theirs back.`,
    { cause: asError(thrown) },
  );
}
