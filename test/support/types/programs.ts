import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

/**
 * Installs the package for programs that TypeScript checks, as npm does: copied, since a link is no dependency to it. Returns
 * a function that tells the errors in a program, whose declarations are written as those of a library would be.
 */
export function programs(): (code: string, options?: object) => Promise<string> {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'myelin-types-'));
    const installed = join(folder, 'node_modules/myelin');
    mkdirSync(installed, { recursive: true });
    cpSync(join(root, 'package.json'), join(installed, 'package.json'));
    cpSync(join(root, 'build/kernels.d.ts'), join(installed, 'build/kernels.d.ts'));
    cpSync(join(root, 'build/types'), join(installed, 'build/types'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "name": "program", "type": "module" }');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return async (code, options = {}) => {
    const directory = mkdtempSync(join(folder, 'program-'));
    writeFileSync(join(directory, 'program.ts'), code);
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2022'],
      types: [],
      strict: true,
      declaration: true,
      emitDeclarationOnly: true,
      outDir: 'out',
      ...options,
    };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    try {
      await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', directory]);
      return '';
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
}
