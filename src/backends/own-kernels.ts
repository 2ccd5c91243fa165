import { show, ValueError } from '../errors.js';
import { isA, isPromise } from '../realms.js';

/** Refuses what is no module that users could bring. */
export function checkSource(source: unknown): void {
  const fits = isA(source, 'ArrayBuffer', 'WebAssembly.Module') || ArrayBuffer.isView(source);
  if (fits) return;
  throw new ValueError({
    argument: 'wasm.source',
    given: isPromise(source) ? 'a promise' : show(source),
    expected: 'the bytes of myelin/kernels.wasm, or a WebAssembly.Module of them',
  });
}

export function checkModule(module: WebAssembly.Module): void {
  if (WebAssembly.Module.exports(module).some(({ name }) => name === 'denseForward')) return;
  throw new ValueError({
    argument: 'wasm.source',
    given: 'a module without the compute kernels',
    expected: "this version's myelin/kernels.wasm",
  });
}
