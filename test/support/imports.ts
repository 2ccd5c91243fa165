// What files of src/, assembly/ and test/ import, and the circles among them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseAst } from 'vitest/node';

export const root = resolve(import.meta.dirname, '../..');

/** How a file needs another: for values, for types alone, or when `import()` runs. */
export type ImportKind = 'value' | 'type' | 'dynamic';

export interface Import {
  readonly specifier: string;
  readonly kind: ImportKind;
}

interface Node {
  readonly type: string;
  readonly source?: { readonly value?: unknown } | null;
  readonly importKind?: 'type' | 'value';
  readonly exportKind?: 'type' | 'value';
  readonly specifiers?: readonly Node[];
}

/** A named import or export that is marked as a type, as in `import { type A }`. */
const isType = ({ importKind, exportKind }: Node) => importKind === 'type' || exportKind === 'type';

function kindOf(node: Node): ImportKind {
  if (node.type === 'ImportExpression') return 'dynamic';
  if (node.type === 'TSImportType' || isType(node)) return 'type';
  const { specifiers = [] } = node;
  return specifiers.length > 0 && specifiers.every(isType) ? 'type' : 'value';
}

/** All imports of a source text in the order of the text: declarations, `export ... from`, `import()` and import types. */
export function parseImports(text: string): readonly Import[] {
  const found: Import[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node && 'source' in node) {
      const { value } = (node as Node).source ?? {};
      if (typeof value === 'string') found.push({ specifier: value, kind: kindOf(node as Node) });
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(text, { lang: 'ts' }).body);
  return found;
}

/** The TypeScript files in a folder of the repository, by their paths from its root. */
export function sources(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: ImportKind;
}

const edges = new Map<string, readonly Edge[]>();

/** What a file imports of the repository's own sources. What the build makes does not count. */
export function edgesOf(file: string): readonly Edge[] {
  const known = edges.get(file);
  if (known) return known;
  const found = parseImports(readFileSync(join(root, file), 'utf8'))
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, kind }) => {
      const path = relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/');
      return { from: file, to: existsSync(join(root, path)) ? path : path.replace(/(\.js)?$/, '.ts'), kind };
    })
    .filter(({ to }) => !to.startsWith('build/'));
  edges.set(file, found);
  return found;
}

/** A file and everything that it imports at once for its values, and what that imports. */
export function closureOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { to, kind } of edgesOf(file)) if (kind === 'value') closureOf(to, seen);
  return seen;
}

/** A way along edges from a node back to itself, for each knot of nodes that reach each other. */
export function circles(nodes: Iterable<string>, next: (node: string) => Iterable<string>): readonly string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (node: string): void => {
    const start = way.indexOf(node);
    if (start >= 0) found.push([...way.slice(start), node]);
    if (start >= 0 || done.has(node)) return;
    way.push(node);
    for (const other of next(node)) visit(other);
    way.pop();
    done.add(node);
  };
  for (const node of nodes) visit(node);
  return found;
}
