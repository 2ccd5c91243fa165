export function pack(module: Uint8Array): string;
