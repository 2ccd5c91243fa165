const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** The sign of a control character; U+FFFD for what markup cannot hold and for what turns the direction of a line. */
const signOf = (c: string) => (c < ' ' ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : '\ufffd');

/** Text that markup shows as it is, control characters by their signs. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (c) => ENTITIES[c] as string)
    .replace(/[^\P{Cc}\t\n\r]|[\p{Cs}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, signOf);
}

/** A share of a whole, as markup writes it. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(2))}%`;

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with attributes, and content that is markup. */
export function tag(name: string, attributes: Attributes, content = ''): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const text = given.map(([key, value]) => ` ${key}="${escaped(String(value))}"`).join('');
  return `<${name}${text}>${content}</${name}>`;
}
