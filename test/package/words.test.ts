import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const filesIn = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(root, folder, name));

/** Words that the field does not know, or knows otherwise, with the word to use. Code, comments and messages are searched. */
const PRIVATE: readonly (readonly [word: RegExp, instead: string])[] = [
  [/so-manieth/i, 'once in this many'],
  [/\bamid\b/i, 'during'],
  [/\bbehind\b/i, 'after, or following'],
  [/\bstands? before\b/i, 'the name of what it is, such as a separator or a prefix'],
  [/\bthat (?:is|are) none\b/i, 'what it is instead, or: is not a number, a name, ...'],
  [/\bhands off\b/i, 'what it does instead'],
  [/\b(?:some|any)body\b/i, 'the user, a process, a caller'],
  [/\b\w+'s? business\b/i, 'what reads or sets it'],
  [/slab/i, 'flat parameters, or a flat vector'],
  [/breath/i, 'pause'],
  // `TrainingControl.halt()` is part of the public interface; prose says otherwise.
  [/\bhalt(?:s|ed|ing)\b|^\s*(?:\/\/|\/?\*).*\bhalt\b/i, 'pause'],
];

/** Lines that may say it. */
const ALLOWED: readonly RegExp[] = [];

interface Met {
  readonly place: string;
  readonly word: string;
  readonly instead: string;
}

function privateWords(file: string): Met[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) =>
      ALLOWED.some((allowed) => allowed.test(line))
        ? []
        : PRIVATE.flatMap(([pattern, instead]) => {
            const [word] = pattern.exec(line) ?? [];
            return word === undefined ? [] : [{ place: `${relative(root, file)}:${i + 1}`, word, instead }];
          }),
    );
}

test('public prose, comments and messages use the words of the field', () => {
  const files = [
    ...filesIn('src', '.ts'),
    ...filesIn('assembly', '.ts'),
    ...filesIn('assembly', '.js'),
    ...filesIn('docs', '.md'),
    join(root, 'README.md'),
    join(root, 'ADDING.md'),
  ];
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap(privateWords)).toEqual([]);
});

/**
 * How many docstrings of a room begin with a question word or `Of`, and so mostly lack a verb: `Whether it is open.`. Rooms
 * that are not named have none; a number may only shrink.
 */
const VERBLESS: Readonly<Record<string, number>> = {
  'src/cli': 35,
  'src/data': 188,
};

const roomOf = (file: string) => {
  const parts = relative(root, file).split('/');
  return parts.length > 2 ? parts.slice(0, 2).join('/') : `${parts[0]}/src`;
};

test('docstrings begin with a verb or a noun, room by room', () => {
  const counts: Record<string, number> = {};
  for (const file of [...filesIn('src', '.ts'), ...filesIn('assembly', '.ts')]) {
    const begun = readFileSync(file, 'utf8').matchAll(
      /\/\*\*\s*(?:\* )?(?:Of|What|Whether|Where|Whose|How|Which|When)\b/g,
    );
    const room = roomOf(file);
    for (const _ of begun) counts[room] = (counts[room] ?? 0) + 1;
  }
  const grown = Object.entries(counts).filter(([room, count]) => count > (VERBLESS[room] ?? 0));
  expect(Object.fromEntries(grown)).toEqual({});
});
