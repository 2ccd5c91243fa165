import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** README.md, and all pages of docs/. */
export const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((name) => name.endsWith('.md'));

/** A block of code that imports from 'myelin' or one of its entries. */
export interface Snippet {
  /** The page and the line of the block: `docs/fit.md:6`. */
  readonly place: string;
  readonly code: string;
  /** What it prints, where the page says it. */
  readonly printed: string | undefined;
}

/** All of them; a block of text right after the code is what it prints. */
export const snippets: readonly Snippet[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = text.matchAll(/^```js\n([\s\S]*?)^```\n(?:\s*^```text\n([\s\S]*?)^```$)?/gm);
  return [...blocks]
    .filter(([, code]) => /from 'myelin(\/\w+)?'/.test(code as string))
    .map(({ 1: code, 2: printed, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return { place: `${page}:${line}`, code: code as string, printed };
    });
});

/** The modules within pages of HTML, by page and line. */
export const scripts: readonly Pick<Snippet, 'place' | 'code'>[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```html\n([\s\S]*?)^```/gm)].flatMap(({ 1: html, index }) => {
    const code = /<script type="module">([\s\S]*?)<\/script>/.exec(html as string)?.[1];
    const line = text.slice(0, index).split('\n').length;
    return code === undefined ? [] : [{ place: `${page}:${line}`, code }];
  });
});
