import { show, ValueError } from '../errors.js';
import { isA } from '../realms.js';
import type { Extras } from './extras.js';
import type { instances } from './instance.js';
import { bytesOf, instantiateSource, type Opened, openSource, streams } from './open-source.js';
import type { KernelBytes, KernelParts, KernelSource } from './sources.js';

/** The kernels that users bring, opened. */
interface OwnKernels {
  readonly core: Opened;
  /** Absent where one module was brought; else those beyond the core that were brought, by `partOf`. */
  readonly others: readonly (Opened | undefined)[] | undefined;
}

/** The parts beyond the core, by `partOf`, and a kernel of each. */
const PARTS = [
  ['extras', 'geluForward'],
  ['special', 'sparseForward'],
] as const;

type Part = 'core' | (typeof PARTS)[number][0];

const fileOf = (part: Part | undefined) => ({
  argument: part === undefined ? 'wasm.source' : `wasm.source.${part}`,
  file: part === undefined ? 'myelin/kernels.wasm' : `myelin/kernels.${part}.wasm`,
});

/**
 * Reads the kernels that users bring, one module or its parts; `whole` says to read responses to their end.
 * @throws ValueError for what is no module; BackendError or FileError for one that cannot be loaded
 */
async function readSource(source: unknown, extras: unknown, whole: boolean): Promise<OwnKernels> {
  if (extras !== undefined) {
    const hint = 'A whole module has the extras within; of parts, leave out source.extras.';
    throw new ValueError({
      argument: 'wasm.extras',
      given: `${show(extras)} with source`,
      expected: 'nothing',
      hint,
    });
  }
  const open = async (given: unknown, part?: Part) => {
    const opened = await openSource(given as KernelSource, fileOf(part));
    return whole ? bytesOf(opened) : opened;
  };
  const parts = source as Partial<KernelParts> | null;
  const inParts = typeof parts === 'object' && parts !== null && 'core' in parts;
  if (!inParts) return { core: await open(source), others: undefined };
  const [core, ...others] = await Promise.all([
    open(parts.core, 'core'),
    ...PARTS.map(([part]) => (parts[part] === undefined ? undefined : open(parts[part], part))),
  ]);
  return { core: core as Opened, others };
}

/** Why users that bring only one module have no extras, should it lack some. */
export const NOT_BROUGHT =
  'which wasm({ source }) was not given: pass { core, extras, special }, or all of myelin/kernels.wasm';

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
function broughtBytes({ core, others = [] }: OwnKernels, { withoutExtras, partOf }: typeof instances): KernelBytes {
  const own = toBytes(core);
  const bytes = others.map((other) => other && toBytes(other));
  const lack = withoutExtras(NOT_BROUGHT);
  const extras = async () => (kernel: string) => bytes[partOf(kernel)] ?? toBytes(lack.bytes(kernel));
  return { core: async () => own, extras };
}

/** By core, what was compiled beyond it: the same for the same modules, so that their small models share memories. */
const compiled = new WeakMap<WebAssembly.Module, Extras[]>();

/**
 * Compiles the kernels that users bring, a response of type application/wasm while it arrives.
 * @throws ValueError for modules that are not the kernels
 */
async function compileOwn(
  { core, others }: OwnKernels,
  { allocate, withoutExtras }: typeof instances,
  tall = true,
): Promise<{ readonly core: WebAssembly.Module; readonly extras: Extras }> {
  const whole = !others?.some(Boolean);
  const moduleOf = async (source: Opened, part: Part, kernel: string) => {
    const expected = fileOf(whole ? undefined : part);
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
  const [module, ...modules] = await Promise.all([
    moduleOf(core, 'core', 'denseForward'),
    ...PARTS.map(([part, kernel], i) => {
      const other = others?.[i];
      return other && moduleOf(other, part, kernel);
    }),
  ]);
  const known = compiled.get(module as WebAssembly.Module) ?? [];
  compiled.set(module as WebAssembly.Module, known);
  let extras = known.find((each) => modules.every((other, i) => each.modules[i] === other));
  if (!extras) {
    extras = withoutExtras(NOT_BROUGHT);
    extras.modules.push(...modules);
    known.push(extras);
  }
  return { core: module as WebAssembly.Module, extras };
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
  return { bytes: () => broughtBytes(kernels, make), modules: () => compileOwn(kernels, make, tall) };
}
