import { FileFormatError, show } from '../../errors.js';

/** Checks plain data that came out of a file. @throws FileFormatError that names the place. */
export type Check = (value: unknown, where: string) => void;

function refuse(where: string, value: unknown, expected: string): never {
  throw new FileFormatError(where, `${show(value)} in place of ${expected}`);
}

const of =
  (expected: string, is: (value: unknown) => boolean): Check =>
  (value, where) => {
    if (!is(value)) refuse(where, value, expected);
  };

export const text = of('a text', (value) => typeof value === 'string');
export const flag = of('true or false', (value) => typeof value === 'boolean');
export const number = of('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const count = of('a whole number', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const positive = of('a whole number above 0', (value) => Number.isSafeInteger(value) && (value as number) > 0);
/** JSON has no NaN and no infinities: null stands for them. */
export const figure = of('a number or null', (value) => value === null || Number.isFinite(value));

export const oneOf = (...names: readonly string[]): Check => {
  return of(`one of ${names.join(', ')}`, (value) => typeof value === 'string' && names.includes(value));
};

export const either =
  (expected: string, ...checks: readonly Check[]): Check =>
  (value, where) => {
    const fits = checks.some((check) => {
      try {
        check(value, where);
        return true;
      } catch (error) {
        if (error instanceof FileFormatError) return false;
        throw error;
      }
    });
    if (!fits) refuse(where, value, expected);
  };

export const listOf =
  (item: Check, length?: number): Check =>
  (value, where) => {
    if (!Array.isArray(value)) return refuse(where, value, 'an array');
    if (length !== undefined && value.length !== length) refuse(where, value, `an array of length ${length}`);
    value.forEach((element, i) => {
      item(element, `${where}[${i}]`);
    });
  };

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const mapOf =
  (item: Check): Check =>
  (value, where) => {
    if (!isObject(value)) return refuse(where, value, 'an object');
    for (const [key, element] of Object.entries(value)) item(element, `${where}.${key.slice(0, 80)}`);
  };

/** An object with these parts; what later builds add is let be. */
export const objectOf =
  (needed: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value, where) => {
    if (!isObject(value)) return refuse(where, value, 'an object');
    const own = (key: string) => (Object.hasOwn(value, key) ? value[key] : undefined);
    for (const [key, check] of Object.entries(needed)) check(own(key), `${where}.${key}`);
    for (const [key, check] of Object.entries(optional)) if (own(key) !== undefined) check(own(key), `${where}.${key}`);
  };
