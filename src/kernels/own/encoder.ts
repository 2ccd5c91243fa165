// Writes WebAssembly modules that are made at run time, as lists of bytes.

/** The bytes that every module begins with. */
export const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export const [I32, F32, F64, V128] = [0x7f, 0x7d, 0x7c, 0x7b] as const;

/** Writes a number not below 0 as LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** Pushes an integer of 32 bits, with a sign, as LEB128. */
export function constant(value: number): number[] {
  const bytes = [0x41];
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) + 128);
  }
}

export const get = (local: number) => [0x20, ...unsigned(local)];
export const set = (local: number) => [0x21, ...unsigned(local)];
export const sized = (bytes: readonly number[]) => [...unsigned(bytes.length), ...bytes];
export const section = (id: number, bytes: readonly number[]) => [id, ...sized(bytes)];
/** Writes a list of parts, after their number. */
export const list = (parts: readonly (readonly number[])[]) => [...unsigned(parts.length), ...parts.flat()];
export const aligned = (offset: number) => [2, ...unsigned(offset)];
export const text = (name: string) => sized([...name].map((letter) => letter.charCodeAt(0)));

/** Compiles a module at once and returns its exports; undefined where the engine, or a content policy, refuses it. */
export function instantiate(bytes: readonly number[], imports: WebAssembly.Imports): WebAssembly.Exports | undefined {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), imports).exports;
  } catch {
    return undefined;
  }
}
