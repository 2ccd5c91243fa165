const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Returns the sign of a control character; U+FFFD for what markup cannot hold and for what turns the direction of a line.
 */
const signOf = (c: string) => (c < ' ' ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : '\ufffd');

/** Text that markup shows as it is, control characters by their signs. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (c) => ENTITIES[c] as string)
    .replace(/[^\P{Cc}\t\n\r]|[\p{Cs}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, signOf);
}

/** Letters of a name that are shown at most. */
const LETTERS = 40;

/** Returns a name as markup: the middle of a long one is left out, and shown to who points at it. */
export function named(text: string, most = LETTERS): string {
  const letters = [...text];
  if (letters.length <= most) return escaped(text);
  const start = Math.ceil((2 * (most - 1)) / 3);
  const short = `${letters.slice(0, start).join('')}\u2026${letters.slice(start + 1 - most).join('')}`;
  return tag('span', { title: text }, escaped(short));
}

/** Returns a share of a whole, as markup writes it. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(2))}%`;

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Returns an element with attributes, and content that is markup. */
export function tag(name: string, attributes: Attributes, content = ''): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const text = given.map(([key, value]) => ` ${key}="${escaped(String(value))}"`).join('');
  return `<${name}${text}>${content}</${name}>`;
}
