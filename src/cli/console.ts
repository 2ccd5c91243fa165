import { printable, printableJson, printableLines } from '../printable.js';

// All output of commands passes through here, so that no text of a file reaches a terminal unescaped.

/** Writes a line to standard error: an error, a warning, a remark. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Lines on standard error. */
export function sayLines(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** Writes a line that the next one overwrites. */
export function sayOver(text: string, width: number): void {
  process.stderr.write(
    `\r${printable(text)
      .slice(0, width - 1)
      .padEnd(width - 1)}`,
  );
}

/** Writes a result to standard output: paragraphs, of which those that are empty are left out. */
export function print(...paragraphs: readonly string[]): void {
  process.stdout.write(`${printableLines(paragraphs.filter(Boolean).join('\n\n'))}\n`);
}

/** Prints a value as one line of JSON. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value))}\n`);
}
