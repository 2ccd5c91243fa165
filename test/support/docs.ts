import { readFileSync } from 'node:fs';
import type { OptionRange } from '../../src/kernels/definition.js';

/** The first paragraph of the docstring in front of an exported name, as one line. Throws where there is none. */
export function docstring(file: string, name: string): string {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
  const found = new RegExp(
    `/\\*\\*((?:(?!\\*/)[^])*)\\*/\\n(?:export )?(?:const|function|async function) ${name}\\b`,
  ).exec(text);
  if (!found) throw new Error(`${name} in src/${file} has no docstring`);
  return (found[1] as string)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .filter((line) => !line.startsWith('@'))
    .join(' ')
    .trim()
    .replaceAll('|', '\\|');
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
  return bounds.length > 0 ? `${value} (${bounds.join(', ')})` : `${value}`;
}

export function optionsText(options: Readonly<Record<string, OptionRange>>): string {
  return Object.entries(options)
    .map(([name, range]) => `${name} ${rangeText(range)}`)
    .join('; ');
}

/** A page with one table. */
export function page(title: string, intro: string, heads: readonly string[], rows: readonly (readonly string[])[]) {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [`# ${title}`, '', intro, '', line(heads), line(heads.map(() => '---')), ...rows.map(line), ''].join('\n');
}
