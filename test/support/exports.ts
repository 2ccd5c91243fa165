import { relative, resolve } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import { API, type Project, type Symbol as Sym, SymbolFlags } from 'typescript/unstable/sync';

const root = resolve(import.meta.dirname, '../..');

/** The entries of the package that programs import, and the modules that make them. */
export const ENTRIES = {
  myelin: 'src/index.ts',
  'myelin/data': 'src/data/index.ts',
  'myelin/kernels': 'src/kernels-entry/index.ts',
  'myelin/worker': 'src/worker/index.ts',
} as const;

/** An export or a member of one, and its docstring. */
export interface Documented {
  /** `FitOptions`, or `FitOptions.epochs` for a member. */
  readonly name: string;
  /** The file and the line of its declaration, and the column, such as `src/fit/fit-options.ts:12:3`. */
  readonly place: string;
  readonly member: boolean;
  /** Its docstring without tags; empty where there is none. */
  readonly doc: string;
  readonly optional: boolean;
}

const MEMBERS = new Set([
  SyntaxKind.PropertySignature,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Types are walked, and the bodies and initial values of functions, properties and constants are not. */
const WALKED = new Set([SyntaxKind.InterfaceDeclaration, SyntaxKind.TypeAliasDeclaration, SyntaxKind.ClassDeclaration]);

interface Parts {
  readonly name?: Node & { readonly text?: string };
  readonly body?: Node;
  readonly initializer?: Node;
  readonly modifiers?: readonly Node[];
}

/** File, line and column, from 1 on. */
function placeOf(node: Node): string {
  const file = node.getSourceFile();
  const before = file.text.slice(0, node.getStart(file)).split('\n');
  return `${relative(root, file.fileName)}:${before.length}:${(before.at(-1) as string).length + 1}`;
}

/** Computed names are those of hidden symbols, which no program can write; private ones no program can reach. */
function isPublic({ name, modifiers }: Parts): boolean {
  return (
    name?.kind !== SyntaxKind.ComputedPropertyName &&
    name?.kind !== SyntaxKind.PrivateIdentifier &&
    !modifiers?.some(({ kind }) => kind === SyntaxKind.PrivateKeyword)
  );
}

/** Every declaration of a member inside a type or a class, with those of type literals within. Private ones are left out. */
function membersWithin(declaration: Node): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    const parts: Node & Parts = node;
    const { body, initializer } = parts;
    if (MEMBERS.has(node.kind)) {
      if (!isPublic(parts)) return;
      found.push(node);
    }
    node.forEachChild((child) => {
      if (child !== body && child !== initializer) visit(child);
    });
  };
  visit(declaration);
  return found;
}

/** Members of Error, Array and the like have no docstrings of ours. */
const isInside = (path: string) => !relative(resolve(root, 'src'), path).startsWith('..');

function inspect(project: Project, entry: string, seen: Map<string, Documented>): void {
  const { checker, program } = project;
  const file = program.getSourceFile(resolve(root, entry));
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${entry} is no module of the project`);

  const add = (name: string, node: Node, symbol: Sym | undefined, member: boolean) => {
    // Left out of the types that are published.
    if (symbol && checker.getJsDocTagsOfSymbol(symbol).some((tag) => tag.name === 'internal')) return;
    const place = placeOf(node);
    const known = seen.get(`${place} ${name}`);
    const doc = (symbol && checker.getDocumentationCommentOfSymbol(symbol)) || known?.doc || '';
    const optional = !!symbol && (symbol.flags & SymbolFlags.Optional) !== 0;
    seen.set(`${place} ${name}`, { name, place, member, doc, optional });
  };

  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const nodes = symbol.declarations.map((handle) => handle.resolve(project)).filter((node) => node !== undefined);
    for (const node of nodes) {
      add(exported.name, node, symbol, false);
      if (!WALKED.has(node.kind)) continue;
      for (const member of membersWithin(node)) {
        const name = (member as Node & Parts).name as Node;
        add(`${exported.name}.${name.getText()}`, member, checker.getSymbolAtLocation(name), true);
      }
    }
    if (!(symbol.flags & (SymbolFlags.Interface | SymbolFlags.Class | SymbolFlags.TypeAlias))) continue;
    // What it takes from types that are not exported themselves.
    for (const property of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))) {
      for (const handle of property.declarations) {
        const node = isInside(handle.path) ? handle.resolve(project) : undefined;
        if (node && MEMBERS.has(node.kind) && isPublic(node as Parts))
          add(`${exported.name}.${property.name}`, node, property, true);
      }
    }
  }
}

/** Every export of the package's entries and every public member of those, once for each place that declares it. */
export function publicNames(): Documented[] {
  const api = new API({ cwd: root });
  try {
    const config = resolve(root, 'tsconfig.build.json');
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (!project) throw new Error('tsconfig.build.json opens no project');
    const seen = new Map<string, Documented>();
    for (const entry of Object.values(ENTRIES)) inspect(project, entry, seen);
    return [...seen.values()];
  } finally {
    api.close();
  }
}
