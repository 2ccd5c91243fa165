import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scripts, snippets } from '../support/pages/snippets.js';

// What TypeScript says of the code in the documentation, all of it in one program. The blocks are JavaScript, so their own
// functions have no types of parameters; everything else is as strict as TypeScript can be.

const root = resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-snippets-'));
  const installed = join(folder, 'node_modules/myelin');
  mkdirSync(installed, { recursive: true });
  for (const part of ['package.json', 'build/kernels.d.ts', 'build/types']) {
    cpSync(join(root, part), join(installed, part), { recursive: true });
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Declares the names that code registers, as docs/extending.md says. */
function registeredIn(code: string): string {
  const named = code.matchAll(/\bregister\('(\w+)', (?:custom([A-Z]\w+)\(|(\w+)\))/g);
  const lines = [...named].map(([, name, made, item]) => {
    const family = made ?? new RegExp(`const ${item} = custom([A-Z]\\w+)\\(`).exec(code)?.[1];
    return `${name}: '${family?.toLowerCase()}';`;
  });
  return lines.length === 0 ? '' : `declare module 'myelin' { interface Registered { ${lines.join(' ')} } }`;
}

/** The errors of programs, each by the line of its page. */
function errorsIn(programs: readonly { readonly place: string; readonly code: string }[], options = {}): string[] {
  const compilerOptions = {
    ...{
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2023', 'dom', 'dom.iterable'],
      noEmit: true,
      skipLibCheck: true,
    },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
    ...{ allowJs: true, checkJs: true, strict: true, noImplicitAny: false, noUncheckedIndexedAccess: true },
    exactOptionalPropertyTypes: true,
    ...options,
  };
  const files = [...programs.map((_, i) => `${i}.js`), 'registered.ts'];
  const names = programs.map(({ code }) => registeredIn(code)).filter(Boolean);
  writeFileSync(join(folder, 'registered.ts'), ["import 'myelin';", ...names].join('\n'));
  programs.forEach(({ code }, i) => {
    writeFileSync(join(folder, `${i}.js`), code.replaceAll("'./myelin/index.js'", "'myelin'"));
  });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { stdio: 'pipe' });
    return [];
  } catch (error) {
    const said = (error as { stdout: Buffer }).stdout.toString();
    const found = [...said.matchAll(/^(?:.*\/)?(\d+)\.js\((\d+),\d+\): (.*)$/gm)];
    if (found.length === 0) throw error;
    return found.map(([, file, line, message]) => {
      const [page, start] = programs[Number(file)]!.place.split(':');
      return `${page}:${Number(start) + Number(line)}: ${message}`;
    });
  }
}

test('code in the documentation has no errors of types', () => {
  expect(snippets.length).toBeGreaterThan(45);
  expect(errorsIn(snippets)).toEqual([]);
});

test('nor has the code of pages, whose elements are there when it looks for them', () => {
  expect(scripts.length).toBeGreaterThan(1);
  expect(errorsIn(scripts, { strictNullChecks: false, exactOptionalPropertyTypes: false })).toEqual([]);
});

test('an error is seen, at its line', () => {
  const place = 'docs/none.md:7';
  const errors = (line: string) => errorsIn([{ place, code: `import { adam } from 'myelin';\n${line}\n` }]);
  expect(errors('adam({ learningRate: 0.1 });')).toEqual([]);
  expect(errors("adam({ learningRate: 'fast' });")).toEqual([expect.stringMatching(/^docs\/none\.md:9: error TS2322/)]);
  expect(errors('adam().learningRat;')).toEqual([expect.stringMatching(/^docs\/none\.md:9: error TS2551/)]);
});
