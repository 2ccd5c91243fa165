/** Control characters (C0, DEL, C1), line separators, and marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
export const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return SHORT[character] ?? (code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code}`);
}

/**
 * Returns a text for a terminal, on one line: names of columns and classes come from files, and what a terminal takes for a
 * command or for an end of the line is shown as an escape.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

/** Does the same for a text of several lines. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : escapeOf(character)));
}

/** Returns JSON of the same value without such characters. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
