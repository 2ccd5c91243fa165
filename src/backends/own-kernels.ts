import { show, ValueError } from '../errors.js';
import { isA } from '../realms.js';
import type { Extras } from './extras.js';
import type { instances } from './instance.js';
import { bytesOf, instantiateSource, type Opened, openSource, streams } from './open-source.js';
import type { KernelBytes, KernelParts, KernelSource } from './sources.js';

/** The kernels that users bring, opened. */
interface OwnKernels {
  readonly core: Opened;
  /** Absent where one module was brought. */
  readonly extras: Opened | undefined;
}

const fileOf = (part: 'core' | 'extras' | undefined) => ({
  argument: part === undefined ? 'wasm.source' : `wasm.source.${part}`,
  file: part === undefined ? 'myelin/kernels.wasm' : `myelin/kernels.${part}.wasm`,
});

/**
 * Reads the kernels that users bring, one module or two; `whole` says to read responses to their end.
 * @throws ValueError for what is no module; BackendError or FileError for one that cannot be loaded
 */
async function readSource(source: unknown, extras: unknown, whole: boolean): Promise<OwnKernels> {
  if (extras !== undefined) {
    const hint = 'A whole module has the extras within; of two, leave out source.extras.';
    throw new ValueError({
      argument: 'wasm.extras',
      given: `${show(extras)} with source`,
      expected: 'nothing',
      hint,
    });
  }
  const open = async (given: unknown, part?: 'core' | 'extras') => {
    const opened = await openSource(given as KernelSource, fileOf(part));
    return whole ? bytesOf(opened) : opened;
  };
  const parts = source as Partial<KernelParts> | null;
  const inParts = typeof parts === 'object' && parts !== null && 'core' in parts;
  if (!inParts) return { core: await open(source), extras: undefined };
  const [core, others] = await Promise.all([
    open(parts.core, 'core'),
    parts.extras === undefined ? undefined : open(parts.extras, 'extras'),
  ]);
  return { core, extras: others };
}

/** Why users that bring only one module have no extras, should it lack some. */
export const NOT_BROUGHT = 'which wasm({ source }) was not given: pass { core, extras }, or all of myelin/kernels.wasm';

/** Returns the bytes that users bring, to be rewritten for shared memory; a compiled module no longer has any. */
function toBytes(source: Opened): Uint8Array {
  if (isA<ArrayBuffer>(source, 'ArrayBuffer')) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  throw new ValueError({
    argument: 'wasm.source',
    given: 'a compiled module',
    expected: 'the bytes of myelin/kernels.wasm',
    hint: 'With threads the module is rewritten for shared memory before it is compiled.',
  });
}

/** Returns the bytes of what users bring, for threads. @throws ValueError for compiled modules */
function broughtBytes({ core, extras }: OwnKernels): KernelBytes {
  const [own, others] = [toBytes(core), extras === undefined ? undefined : toBytes(extras)];
  return { core: async () => own, extras: others === undefined ? NOT_BROUGHT : async () => () => others };
}

const compiled = new WeakMap<WebAssembly.Module, Extras>();
let lacking: Extras | undefined;

/**
 * Compiles the kernels that users bring, a response of type application/wasm while it arrives.
 * @throws ValueError for modules that are not the kernels
 */
async function compileOwn(
  { core, extras }: OwnKernels,
  { allocate, Extras, withoutExtras }: typeof instances,
  tall = true,
): Promise<{ readonly core: WebAssembly.Module; readonly extras: Extras }> {
  const moduleOf = async (source: Opened, part: 'core' | 'extras', kernel: string) => {
    const expected = fileOf(extras === undefined ? undefined : part);
    let module: WebAssembly.Module;
    if (isA<WebAssembly.Module>(source, 'WebAssembly.Module')) module = source;
    else if (streams(source)) module = (await instantiateSource(source, allocate(1), tall, expected)).module;
    else module = await WebAssembly.compile((await bytesOf(source)) as BufferSource);
    if (WebAssembly.Module.exports(module).some(({ name }) => name === kernel)) return module;
    throw new ValueError({
      argument: expected.argument,
      given: 'a module without the compute kernels',
      expected: `this version's ${expected.file}`,
    });
  };
  const [module, others] = await Promise.all([
    moduleOf(core, 'core', 'denseForward'),
    extras === undefined ? undefined : moduleOf(extras, 'extras', 'geluForward'),
  ]);
  // The same for the same modules, so that their small models share memories.
  if (others === undefined) {
    lacking ??= withoutExtras(NOT_BROUGHT);
    return { core: module, extras: lacking };
  }
  let brought = compiled.get(others);
  if (!brought) {
    brought = new Extras(() => new Uint8Array());
    brought.module = others;
    compiled.set(others, brought);
  }
  return { core: module, extras: brought };
}

/**
 * Opens the kernels that users bring as the `source` of `wasm`: their modules, or with threads their bytes.
 * @throws ValueError for what is no module; BackendError or FileError for one that cannot be loaded
 */
export async function openOwn(
  { source, extras, threads }: { readonly source?: unknown; readonly extras?: unknown; readonly threads?: unknown },
  make: typeof instances,
  tall: boolean | undefined,
) {
  if (typeof WebAssembly !== 'object') throw new Error('this engine has no WebAssembly');
  const kernels = await readSource(source, extras, threads !== undefined);
  return { bytes: () => broughtBytes(kernels), modules: () => compileOwn(kernels, make, tall) };
}
