import { asError, BackendError } from '../errors.js';

/** Returns the error for an engine that refuses the kernels. */
export function cannotStart(thrown: unknown): BackendError {
  const cause = asError(thrown);
  const why = cause.message.split('\n', 1).join('').replace(/\.$/, '');
  return new BackendError(
    `The WebAssembly backend cannot start: ${why}. It needs WebAssembly SIMD (Node 20, Chrome 115, ` +
      "Firefox 104, Safari 16.4 or newer) and, on pages with a content policy, script-src 'wasm-unsafe-eval'. " +
      'Where nothing may be compiled (workerd), wasm({ source }) takes a compiled module; auto() and typescript() run without.',
    { cause },
  );
}
