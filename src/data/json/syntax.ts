/** A flaw of a JSON text: the index of the first character that cannot stand there, its length where it ends early. */
export class JsonFlaw extends Error {
  constructor(
    readonly at: number,
    /** Says how to fix it, where that is known. */
    readonly hint: string | undefined,
  ) {
    super('flawed JSON');
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const ZERO = 48;

const WORDS: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:True|False|None)\b/, 'This is how Python shows values; json.dumps writes JSON.'],
  [/^'/, 'JSON has texts in double quotes; json.dumps writes them so.'],
  [/^(?:undefined|nan|inf|NA)\b/, 'JSON has null for a missing value.'],
  [/^\/[/*]/, 'JSON has no comments.'],
];

function hintAt(text: string, at: number): string | undefined {
  const rest = text.slice(at, at + 12);
  if ((rest[0] === '}' || rest[0] === ']') && lastBefore(text, at) === ',') return 'A comma before it is one too many.';
  if (rest[0] === ',' && at > 0 && text.slice(at + 1).trim() === '') return 'Nothing comes after it.';
  return HINTS.find(([pattern]) => pattern.test(rest))?.[1];
}

function lastBefore(text: string, at: number): string | undefined {
  for (let i = at - 1; i >= 0; i--) if (!isSpace(text.charCodeAt(i))) return text[i];
  return undefined;
}

const isSpace = (unit: number) => unit === 32 || unit === 10 || unit === 13 || unit === 9;
const isDigit = (unit: number) => unit >= ZERO && unit <= 57;

/**
 * Reads JSON in one pass over its characters. In addition to what `JSON.parse` takes, it knows NaN, Infinity and -Infinity,
 * which Python writes, and gives whole numbers that float64 does not hold exactly as their text. Objects have no prototype.
 */
class Scanner {
  #at = 0;
  constructor(
    private readonly text: string,
    private readonly depth: number,
  ) {}

  whole(): unknown {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.text.length) this.#fail(this.#at);
    return value;
  }

  #fail(at: number): never {
    throw new JsonFlaw(at, hintAt(this.text, at));
  }

  #space(): void {
    while (isSpace(this.text.charCodeAt(this.#at))) this.#at++;
  }

  #value(depth: number): unknown {
    this.#space();
    const first = this.text[this.#at];
    if (first === '"') return this.#string();
    if (first === '{' || first === '[') {
      if (depth >= this.depth) this.#fail(this.#at);
      return first === '{' ? this.#object(depth) : this.#array(depth);
    }
    for (const [word, value] of WORDS) {
      if (first !== word[0]) continue;
      const found = this.text.slice(this.#at, this.#at + word.length);
      if (found === word) {
        this.#at += word.length;
        return value;
      }
      if (found.length < word.length && word.startsWith(found) && found !== '-') this.#fail(this.text.length);
    }
    return this.#number();
  }

  /** Skips one of two characters; returns whether it is the first. */
  #either(goesOn: string, ends: string): boolean {
    this.#space();
    const found = this.text[this.#at];
    if (found !== goesOn && found !== ends) this.#fail(this.#at);
    this.#at++;
    return found === goesOn;
  }

  #array(depth: number): unknown[] {
    const values: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.text[this.#at] === ']') {
      this.#at++;
      return values;
    }
    do values.push(this.#value(depth + 1));
    while (this.#either(',', ']'));
    return values;
  }

  #object(depth: number): Record<string, unknown> {
    const values: Record<string, unknown> = Object.create(null);
    this.#at++;
    this.#space();
    if (this.text[this.#at] === '}') {
      this.#at++;
      return values;
    }
    do {
      this.#space();
      if (this.text[this.#at] !== '"') this.#fail(this.#at);
      const key = this.#string();
      this.#space();
      if (this.text[this.#at] !== ':') this.#fail(this.#at);
      this.#at++;
      values[key] = this.#value(depth + 1);
    } while (this.#either(',', '}'));
    return values;
  }

  #string(): string {
    const { text } = this;
    let from = ++this.#at;
    let before = '';
    for (; ; this.#at++) {
      const unit = text.charCodeAt(this.#at);
      if (unit === QUOTE) break;
      // Past the end this is NaN, which is not below 32 either.
      if (unit < 32 || this.#at >= text.length) this.#fail(this.#at);
      if (unit !== BACKSLASH) continue;
      before += text.slice(from, this.#at) + this.#escape();
      from = this.#at + 1;
    }
    return before + text.slice(from, this.#at++);
  }

  /** Returns the character of an escape, and moves on to its last character. */
  #escape(): string {
    const letter = this.text[++this.#at];
    if (letter === 'u') {
      let code = 0;
      for (let left = 4; left > 0; left--) {
        const digit = Number.parseInt(this.text[++this.#at] ?? '', 16);
        if (Number.isNaN(digit)) this.#fail(this.#at);
        code = code * 16 + digit;
      }
      return String.fromCharCode(code);
    }
    if (letter === undefined || !Object.hasOwn(ESCAPES, letter)) this.#fail(this.#at);
    return ESCAPES[letter]!;
  }

  #digits(): void {
    if (!isDigit(this.text.charCodeAt(this.#at))) this.#fail(this.#at);
    while (isDigit(this.text.charCodeAt(this.#at))) this.#at++;
  }

  #number(): number | string {
    const { text } = this;
    const from = this.#at;
    if (text[this.#at] === '-') this.#at++;
    if (text[this.#at] === '0') this.#at++;
    else this.#digits();
    let whole = true;
    if (text[this.#at] === '.') {
      whole = false;
      this.#at++;
      this.#digits();
    }
    if (text[this.#at] === 'e' || text[this.#at] === 'E') {
      whole = false;
      this.#at++;
      if (text[this.#at] === '+' || text[this.#at] === '-') this.#at++;
      this.#digits();
    }
    const spelled = text.slice(from, this.#at);
    const value = Number(spelled);
    return whole && !Number.isSafeInteger(value) ? spelled : value;
  }
}

/** Sixteen digits in a row, as whole numbers have that float64 may not hold. */
function hasLongNumber(text: string): boolean {
  let run = 0;
  for (let i = 15; i < text.length; i += 16 - run) {
    run = 0;
    while (run < 16 && isDigit(text.charCodeAt(i - run))) run++;
    if (run === 16) return true;
  }
  return false;
}

/**
 * Returns the value that a JSON text is. Whole numbers beyond 2^53 come as their text, which says which number is meant.
 * @throws JsonFlaw
 */
export function parseJson(text: string, depth: number): unknown {
  if (!hasLongNumber(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // The scanner reports the error and its place.
    }
  }
  return new Scanner(text, depth).whole();
}
