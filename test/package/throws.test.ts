import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(root, 'src', name));

const DOCSTRING = String.raw`(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?`;

/**
 * Functions that a file exports, and methods of its classes that have a docstring of their own, not that of an interface:
 * docstring, name, and all up to the closing brace.
 */
const DECLARATIONS = [
  new RegExp(
    String.raw`${DOCSTRING}^export (?:default )?(?:async )?(?:function\*? (\w+)|const (\w+) = (?:async )?(?:<[^>]*>)?\([^;]*?=> \{\n)[\s\S]*?^\}`,
    'gm',
  ),
  new RegExp(
    String.raw`(?:^ {2}${DOCSTRING})?^ {2}(?:static |async )*\*?(?!if|for|while|switch|return|constructor)(\w+)(?:<[^(\n]*>)?\((?:[^;{}]|\{[^}\n]*\})*\{\n[\s\S]*?^ {2}\}`,
    'gm',
  ),
];

interface Thrower {
  readonly place: string;
  readonly doc: string;
  readonly errors: readonly string[];
}

function throwersOf(file: string): Thrower[] {
  const source = readFileSync(file, 'utf8');
  const ofExportedClass = (index: number) => /^export (?:abstract )?class /m.test(source.slice(0, index));
  return DECLARATIONS.flatMap((pattern, i) =>
    [...source.matchAll(pattern)]
      .filter(({ index, 1: doc }) => i === 0 || (doc && ofExportedClass(index)))
      .map(([text, doc = '', ...names]) => ({
        place: `${relative(root, file)} ${names.find((name) => name !== undefined)}`,
        doc,
        errors: [...new Set([...text.matchAll(/\bthrow new (\w+Error)\b/g)].map(([, name]) => name!))],
      })),
  ).filter(({ errors }) => errors.length > 0);
}

test('what is exported and throws a typed error names it after @throws', () => {
  const throwers = files.flatMap(throwersOf);
  expect(throwers.length).toBeGreaterThan(120);
  const silent = throwers.flatMap(({ place, doc, errors }) => {
    const tags = doc.slice(doc.includes('@throws') ? doc.indexOf('@throws') : doc.length);
    return errors.filter((name) => !new RegExp(`\\b${name}\\b`).test(tags)).map((name) => `${place}: ${name}`);
  });
  expect(silent).toEqual([]);
});
