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

/** The longest cell that a table in the documentation may have: longer ones make columns too narrow to read. */
export const LONGEST_CELL = 120;

/** One item of a list, wrapped at spaces outside code. */
function item(text: string): string {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1) as string;
    // A line that begins with one of these would begin a list or a heading of its own.
    const wraps = line.length + word.length > LONGEST_CELL && !/^(?:\d+[.)]|[-+*#>])/.test(word);
    if (wraps) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `- ${lines.join('\n')}`;
}

/** A table, or a list where cells are too long for one. */
function tableOrList(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  if (rows.flat().every((cell) => cell.length <= LONGEST_CELL)) {
    return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
  }
  const plain = (cell: string) => cell.replaceAll('\\|', '|').replace(/\.?$/, '.');
  return rows
    .map(([name, what, ...others]) => {
      const inline = others.map((cell, i) => {
        const head = (heads[i + 2] as string).replace(/^./, (letter) => letter.toUpperCase());
        return cell === '' || cell.includes('<br>') ? '' : `${head}: ${plain(cell)}`;
      });
      const nested = others.filter((cell) => cell.includes('<br>')).flatMap((cell) => cell.split('<br>'));
      const main = item([`${name}: ${plain(what as string)}`, ...inline].filter(Boolean).join(' '));
      return [main, ...nested.map((option) => item(plain(option)).replace(/^/gm, '  '))].join('\n');
    })
    .join('\n');
}

/** The page docs/`name`.md as it stands, with its one table, or list in its place, made of these heads and rows; all else is kept. */
export function page(name: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  const tables = text.match(/^(?:\|.*\n)+|^(?:- `.*\n(?: +.*\n)*)+/gm) ?? [];
  if (tables.length !== 1)
    throw new Error(`docs/${name}.md must have one table or list of names, got ${tables.length}`);
  return text.replace(tables[0], () => `${tableOrList(heads, rows)}\n`);
}
