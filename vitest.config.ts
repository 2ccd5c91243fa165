import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Imports `*.wasm` as bytes, as esbuild's binary loader does in the build. */
const binary = {
  name: 'wasm-bytes',
  enforce: 'pre' as const,
  load(id: string) {
    if (!id.endsWith('.wasm')) return undefined;
    const base64 = readFileSync(id).toString('base64');
    return `export default Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0));`;
  },
};

export default defineConfig({
  plugins: [binary],
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000 },
});
