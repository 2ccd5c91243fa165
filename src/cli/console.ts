import { printable, printableJson, printableLines } from '../printable.js';

// All output of commands passes through here, so that no text of a file reaches a terminal unescaped.

/** A line on standard error: an error, a warning, a remark. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Lines on standard error. */
export function sayLines(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** A line that is written over by the next. */
export function sayOver(text: string, width: number): void {
  process.stderr.write(
    `\r${printable(text)
      .slice(0, width - 1)
      .padEnd(width - 1)}`,
  );
}

/** A result on standard output: paragraphs, of which those that are empty are left out. */
export function print(...paragraphs: readonly string[]): void {
  process.stdout.write(`${printableLines(paragraphs.filter(Boolean).join('\n\n'))}\n`);
}

/** One line for machines. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value))}\n`);
}
