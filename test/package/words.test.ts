import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const filesIn = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
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

/** Words that readers of documentation, help and messages stumble over, with those to use; comments may have them. */
const STUMBLED: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\banew\b/i, 'again'],
  [/\bbesides?\b/i, 'next to, together with, also'],
  [/\b(?:stands?|stood)\b(?! (?:in|for|alone|out)\b)/i, 'is, stopped, continues from'],
  [/\bstands? in for\b|\bstands? for\b/i, 'means, denotes, replaces'],
  [/\bgone over\b/i, 'evaluated, read'],
  [/\bdear\b/i, 'expensive'],
  [/\bmeets?\b/i, 'comes during, has'],
  [/\btold to end\b/i, 'terminated'],
  [/\bwhat (?:grows|costs|is written) how\b/i, 'a sentence'],
];

/** Lines that may say it. */
const ALLOWED: readonly RegExp[] = [];

interface Met {
  readonly place: string;
  readonly word: string;
  readonly instead: string;
}

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n');

/** The texts of a file of code that have spaces, by line: messages, help, headings; comments and code are left out. */
function messagesOf(file: string): string[] {
  const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''));
  return source.split('\n').map((line) => {
    const texts =
      line.replace(/(?<!:)\/\/ .*$/, '').match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
    return texts
      .filter((text) => text.includes(' '))
      .map((text) => text.replace(/\$\{[^}]*\}/g, '...'))
      .join(' ');
  });
}

function privateWords(file: string, words = PRIVATE, lines = linesOf(file)): Met[] {
  return lines.flatMap((line, i) =>
    ALLOWED.some((allowed) => allowed.test(line))
      ? []
      : words.flatMap(([pattern, instead]) => {
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
  expect(files.flatMap((file) => privateWords(file))).toEqual([]);
});

test('what users read has no words to stumble over', () => {
  const pages = [...filesIn('docs', '.md'), join(root, 'README.md'), join(root, 'ADDING.md')];
  const messages = filesIn('src', '.ts').map((file) => [file, messagesOf(file)] as const);
  expect(pages.length).toBeGreaterThan(40);
  expect(messages.flatMap(([, lines]) => lines.filter(Boolean)).length).toBeGreaterThan(1500);
  expect(pages.flatMap((file) => privateWords(file, STUMBLED))).toEqual([]);
  expect(messages.flatMap(([file, lines]) => privateWords(file, STUMBLED, lines))).toEqual([]);
});

test('a message is found, its code and comments are not', () => {
  const file = join(root, 'src/fit/fit-data.ts');
  const found = privateWords(file, [[/\bvalidationSplit\b/, 'something else']], messagesOf(file));
  expect(found.map(({ word }) => word)).toContain('validationSplit');
  expect(found.length).toBeLessThan(privateWords(file, [[/\bvalidationSplit\b/, 'something else']]).length);
});

/** A comment, its lines joined, and the line of code below it. */
interface Prose {
  readonly place: string;
  readonly text: string;
  readonly next: string;
}

/** The docstrings of a file, or the comments that have lines of their own. */
function proseOf(file: string, pattern: RegExp): Prose[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(pattern)].map(({ 0: found, index }) => ({
    place: `${relative(root, file)}:${source.slice(0, index).split('\n').length}`,
    text: found
      .replace(/^\s*\/\*\*|\*\/$/g, '')
      .split('\n')
      .map((line) => line.trim().replace(/^(?:\/\/|\*) ?/, ''))
      .join(' ')
      .trim(),
    next: source
      .slice(index + found.length)
      .trimStart()
      .split('\n')[0]!,
  }));
}

const sources = [
  ...filesIn('src', '.ts'),
  ...filesIn('assembly', '.ts'),
  ...filesIn('assembly', '.js'),
  ...filesIn('scripts', '.js'),
  ...filesIn('.ci', '.js'),
];
const docstrings = sources.flatMap((file) => proseOf(file, /\/\*\*[\s\S]*?\*\//g));
const comments = sources
  .flatMap((file) => proseOf(file, /(?:^[ \t]*\/\/.*\n)+/gm))
  .filter(({ text, next }) => {
    return !/^(?:biome-ignore|@ts-|\()/.test(text) && text.split(/\s+/).length >= 4 && next !== undefined;
  });

const listed = (prose: readonly Prose[]) => prose.map(({ place, text }) => `${place} ${text.slice(0, 100)}`);

/** A finite verb that is not the first word; `=` is one of formulas. */
const VERB = new RegExp(
  `=|n't\\b|\\b(?:${[
    'is|are|was|were|be|has|have|had|do|does|did|can|cannot|could|may|might|must|should|will|would|needs?',
    'accepts?|adds?|asks?|becomes?|begins?|calls?|carr(?:y|ies)|comes?|counts?|depends?|enters?|exports?|expects?|fails?|finds?',
    'gets?|gives?|goes|halves|holds?|keeps?|knows?|leaves?|lists?|makes?|maps?|marks?|means?|names?|passes|reads?|refuses?',
    'reports?|returns?|runs?|says?|see|shares?|shows?|starts?|stays?|stops?|takes?|tells?|throws?|traverses|uses?|works?|writes?',
  ].join('|')})\\b`,
  'i',
);

/** A sentence that begins with its verb, as in: Returns the sum. */
const VERB_FIRST = /^[A-Z][a-z]+s\b(?<!^(?:This|These|Its|Classes|Columns|Rows|Names|Numbers|Texts|Values|Weights))/;

/** A declaration of a function or a method, getters and constructors left out: those are described as fields and types are. */
const FUNCTION =
  /^(?:export )?(?:default )?(?:async )?(?:function\b|const \w+ = (?:async )?\([^)]*\)[^=]*=>)|^(?:async |static |\*)*(?!constructor|get |if|for|while|switch|return)#?\w+(?:<[^(]*>)?\(/;

test('docstrings do not begin with a question word or `Of`, which mostly leave no verb: `Whether it is open.`', () => {
  expect(docstrings.length).toBeGreaterThan(3500);
  const begun = docstrings.filter(({ text }) => /^(?:Of|What|Whether|Where|Whose|How|Which|When)\b/.test(text));
  expect(listed(begun)).toEqual([]);
});

test('docstrings of functions have a verb', () => {
  const functions = docstrings.filter(({ text, next }) => FUNCTION.test(next) && !text.startsWith('@'));
  expect(functions.length).toBeGreaterThan(1200);
  expect(listed(functions.filter(({ text }) => !VERB_FIRST.test(text) && !VERB.test(text)))).toEqual([]);
});

test('comments are sentences: they have a verb, and do not begin with a question word unless a main clause follows', () => {
  expect(comments.length).toBeGreaterThan(200);
  const verbless = comments.filter(({ text }) => !VERB_FIRST.test(text) && !VERB.test(text));
  const begun = comments.filter(({ text }) => {
    return /^(?:Of|What|Whether|Whose|How|Which)\b/.test(text) || /^(?:Where|When)\b(?![^.]*,)/.test(text);
  });
  expect(listed([...verbless, ...begun])).toEqual([]);
});
