import { readdirSync, readFileSync } from 'node:fs';
import type { OptionRange } from '../../src/kernels/definition.js';

/** The docstring in front of a name exported by one of the files, as one line. Throws where there is none. */
export function docstring(files: string | readonly string[], name: string): string {
  const read = (file: string) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
  const text = [files].flat().map(read).join('\n');
  const found = new RegExp(
    `/\\*\\*((?:(?!\\*/)[^])*)\\*/\\n(?:export )?(?:const|function|async function) ${name}\\b`,
  ).exec(text);
  if (!found) throw new Error(`${name} in src/${files} has no docstring`);
  return (found[1] as string)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .filter((line) => !line.startsWith('@'))
    .join(' ')
    .trim()
    .replaceAll('|', '\\|');
}

/** The file of a folder in src/ that exports a constant. */
export function sourceOf(folder: string, name: string): string {
  const files = readdirSync(new URL(`../../src/${folder}`, import.meta.url)).map((file) => `${folder}/${file}`);
  const found = files.find((file) => {
    const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
    return text.includes(`export const ${name} =`);
  });
  if (!found) throw new Error(`nothing in src/${folder} exports ${name}`);
  return found;
}

/** Each option with its docstring; one without fails, unless its name and type say all: `activation`. */
export function optionDocs(file: string, options: readonly string[]): string {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
  const docs = options.map((option) => {
    const found = new RegExp(`(?:/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*)?readonly ${option}(\\??): ([^;]+);`).exec(text);
    if (!found) throw new Error(`${option} in src/${file} is not declared`);
    const [, doc, optional, type] = found;
    const words = doc
      ?.replace(/\n\s*\*/g, '')
      .replace(/\s+/g, ' ')
      .trim();
    return `\`${option}\`${optional ? '' : ' (required)'}: ${words ?? type}`;
  });
  return docs.join('<br>').replaceAll('|', '\\|');
}

/** A range in words: `0.9 (>= 0, < 1)`. */
export function rangeText(range: OptionRange): string {
  if (typeof range.default === 'boolean') return `${range.default}`;
  if ('oneOf' in range) return `'${range.default}' (${range.oneOf.map((name) => `'${name}'`).join(', ')})`;
  const { default: value, min, above, max, below, integer } = range as Record<string, number | boolean | undefined>;
  const bounds = [
    integer ? 'integer' : undefined,
    min !== undefined ? `>= ${min}` : undefined,
    above !== undefined ? `> ${above}` : undefined,
    max !== undefined ? `<= ${max}` : undefined,
    below !== undefined ? `< ${below}` : undefined,
  ].filter(Boolean);
  const shown = value === undefined ? 'required' : `${value}`;
  return bounds.length > 0 ? `${shown} (${bounds.join(', ')})` : shown;
}

export function optionsText(options: Readonly<Record<string, OptionRange>>): string {
  return Object.entries(options)
    .map(([name, range]) => `${name} ${rangeText(range)}`)
    .join('; ');
}

/** The page docs/`name`.md as it stands, with its one table made of these heads and rows; all else is prose, and kept. */
export function page(name: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  const tables = text.match(/^(?:\|.*\n)+/gm) ?? [];
  if (tables.length !== 1) throw new Error(`docs/${name}.md must have one table, got ${tables.length}`);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const table = [heads, heads.map(() => '---'), ...rows].map(line).join('');
  return text.replace(tables[0], () => table);
}
