// Splits a module into two with the same functions and data: what assembly/core.ts exports, and the rest. Both keep all
// constants at the same places in memory, so that they can share one memory.
import { readFileSync } from 'node:fs';
import binaryen from 'assemblyscript/binaryen';

const core = new URL('../core.ts', import.meta.url);

/** Returns the names that assembly/core.ts exports. */
function coreNames() {
  const statements = readFileSync(core, 'utf8').matchAll(/^export (\*|\{([^}]*)\}) from '(.+)';$/gm);
  return [...statements].flatMap(([, , names, path]) => {
    if (names) return names.match(/\w+/g);
    const family = readFileSync(new URL(`${path}.ts`, core), 'utf8');
    return [...family.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  });
}

const isCore = new Set(coreNames());

function keep(bytes, wanted) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  for (const name of exportsOf(module)) if (!wanted(name)) module.removeExport(name);
  module.runPasses(['remove-unused-module-elements']);
  const kept = module.emitBinary();
  module.dispose();
  return kept;
}

function exportsOf(module) {
  return Array.from(
    { length: module.getNumExports() },
    (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name,
  );
}

/** Returns a module's core and extras. */
export function split(bytes) {
  const whole = binaryen.readBinary(bytes);
  const names = new Set(exportsOf(whole));
  whole.dispose();
  for (const name of isCore)
    if (!names.has(name)) throw new Error(`assembly/core.ts names ${name}, which index.ts lacks.`);
  return { core: keep(bytes, (name) => isCore.has(name)), extras: keep(bytes, (name) => !isCore.has(name)) };
}
