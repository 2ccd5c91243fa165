// Splits a module into three with the same functions and data: what assembly/core.ts exports, what assembly/special.ts does,
// and the rest. All keep all constants at the same places in memory, so that they can share one memory.
import { readFileSync } from 'node:fs';
import binaryen from 'assemblyscript/binaryen';

/** Returns the names that a file of assembly/ exports. */
function namesOf(file) {
  const place = new URL(`../${file}`, import.meta.url);
  const statements = readFileSync(place, 'utf8').matchAll(/^export (\*|\{([^}]*)\}) from '(.+)';$/gm);
  return [...statements].flatMap(([, , names, path]) => {
    if (names) return names.match(/\w+/g);
    const family = readFileSync(new URL(`${path}.ts`, place), 'utf8');
    return [...family.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  });
}

const files = { core: 'core.ts', special: 'special.ts' };

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

/** Returns a module's core, special kernels and extras. */
export function split(bytes) {
  const whole = binaryen.readBinary(bytes);
  const names = new Set(exportsOf(whole));
  whole.dispose();
  const named = new Set();
  const parts = Object.entries(files).map(([part, file]) => {
    const own = new Set(namesOf(file));
    for (const name of own) {
      if (!names.has(name)) throw new Error(`assembly/${file} names ${name}, which index.ts lacks.`);
      if (named.has(name)) throw new Error(`assembly/${file} names ${name}, which another part has.`);
      named.add(name);
    }
    return [part, keep(bytes, (name) => own.has(name))];
  });
  return { ...Object.fromEntries(parts), extras: keep(bytes, (name) => !named.has(name)) };
}
