import { show } from '../errors.js';

/** The name of a class: a text, or true and false for the two classes of a yes or no. */
export type ClassName = string | boolean;

/**
 * The names of classes in the order of the output's columns, or for one column those of the classes 0 and 1; of several outputs
 * by the output's name.
 */
export type ClassNames = readonly ClassName[] | Readonly<Record<string, readonly ClassName[]>>;

/** One label for each row, or for an output of several yes or no the labels that a row has. */
export type Labels = readonly ClassName[] | readonly (readonly ClassName[])[];

const isName = (name: unknown): name is ClassName => typeof name === 'string' || typeof name === 'boolean';

/** Says what is wrong with names of classes; undefined for texts, or true and false, that differ from each other. */
export function faultOfNames(names: unknown): string | undefined {
  if (!Array.isArray(names)) return show(names);
  const at = names.findIndex((name) => !isName(name));
  if (at >= 0) return `${show(names[at])} at ${at}`;
  const mixed = names.findIndex((name) => typeof name !== typeof names[0]);
  if (mixed >= 0) return `${show(names[0])} and ${show(names[mixed])}`;
  const seen = new Set<unknown>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  return twice === undefined ? undefined : `${show(twice)} twice`;
}

/** Lists names for a message, the first of many. */
export function listNames(names: readonly ClassName[]): string {
  const most = 12;
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).map(show).join(', ') + more;
}
