import { expect } from 'vitest';
import { FileFormatError } from '../../src/errors.js';
import { tryOpen } from '../fuzz/hostile.js';

/** What the error of a file says, or that there was none. */
export function refusal(bytes: Uint8Array): string {
  const opened = tryOpen(bytes);
  if (opened instanceof FileFormatError) {
    expect(opened.message).toBe(`${opened.where}: ${opened.what}.`);
    return opened.message;
  }
  return opened instanceof Error ? opened.name : 'loaded';
}
