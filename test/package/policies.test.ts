import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';
import { effort } from '../support/effort.js';
import { type Found, type Place, Places, type Rules } from '../support/places.js';
import { type Driven, hasFirefox, hasWebKit, openFirefox, openWebKit } from '../support/webdriver.js';

async function openChromium(): Promise<Driven> {
  const browser = await launch();
  const page = await browser.newPage();
  const evaluate = (expression: string) => page.evaluate(expression);
  return {
    version: browser.version(),
    evaluate,
    open: async (url) => void (await page.goto(url)),
    async waitFor(expression, milliseconds = 60_000) {
      await expect.poll(() => evaluate(`!!(${expression})`), { timeout: milliseconds, interval: 100 }).toBe(true);
      return evaluate(expression);
    },
    close: () => browser.close(),
  };
}

const WASM = "script-src 'self' 'wasm-unsafe-eval'";
const TYPES = "require-trusted-types-for 'script'";

type Expected = 'one' | 'two' | 'typescript' | RegExp;

interface Case {
  readonly rules: Rules;
  /** What comes of wasm(), auto({ threads: 2 }), wasm({ threads: 2 }) and a worker; the last two where memory can be shared. */
  readonly wasm: Expected;
  readonly two: Expected;
  readonly threads: Expected;
  readonly worker: Expected;
  /** A thread of Chromium computes with a module that it is given, whatever its policy says of compiling. */
  readonly chromium?: 'two';
}

const refused = /^BackendError.*wasm-unsafe-eval/s;

const cases: Readonly<Record<string, Case>> = {
  'a page like any other': {
    rules: {},
    wasm: 'one',
    two: 'one',
    threads: /BackendError.*must be isolated/,
    worker: 'one',
  },
  'an isolated page': { rules: { isolated: true }, wasm: 'one', two: 'two', threads: 'two', worker: 'one' },
  'a policy without wasm-unsafe-eval': {
    rules: { isolated: true, policy: "script-src 'self'" },
    wasm: refused,
    two: 'typescript',
    threads: refused,
    worker: 'typescript',
  },
  'a policy with what is needed': {
    rules: { isolated: true, policy: `${WASM}; worker-src 'self'` },
    wasm: 'one',
    two: 'two',
    threads: 'two',
    worker: 'one',
  },
  'a policy without workers': {
    rules: { isolated: true, policy: `${WASM}; worker-src 'none'` },
    wasm: 'one',
    two: 'one',
    threads: /^BackendError.*thread could not start: \S/,
    worker: /^BackendError.*worker cannot start: \S/,
  },
  'scripts whose own policy forbids WebAssembly': {
    rules: { isolated: true, policy: WASM, scripts: "script-src 'self'" },
    chromium: 'two',
    wasm: 'one',
    two: 'one',
    threads: /^BackendError.*thread could not start: \S/,
    worker: 'typescript',
  },
  'a package of another origin': {
    rules: { isolated: true, foreign: true },
    wasm: 'one',
    two: 'two',
    threads: 'two',
    worker: 'one',
  },
  'another origin, a page that is not isolated': {
    rules: { foreign: true },
    wasm: 'one',
    two: 'one',
    threads: /BackendError.*must be isolated/,
    worker: 'one',
  },
  'another origin, a policy with what is needed': {
    rules: { isolated: true, foreign: true, policy: `${WASM} CDN; worker-src blob:` },
    wasm: 'one',
    two: 'two',
    threads: 'two',
    worker: 'one',
  },
  'another origin, a policy without blobs': {
    rules: { isolated: true, foreign: true, policy: `${WASM} CDN; worker-src 'self'` },
    wasm: 'one',
    two: 'one',
    threads: /^BackendError.*thread could not start.*worker-src blob:/,
    worker: /^BackendError.*worker cannot start.*worker-src blob:/,
  },
  'trusted types, our policy among them': {
    rules: { isolated: true, policy: `${TYPES}; trusted-types myelin` },
    wasm: 'one',
    two: 'two',
    threads: 'two',
    worker: 'one',
  },
  'trusted types, another origin': {
    rules: { isolated: true, foreign: true, policy: `${TYPES}; trusted-types myelin` },
    wasm: 'one',
    two: 'two',
    threads: 'two',
    worker: 'one',
  },
  'trusted types, without our policy': {
    rules: { isolated: true, policy: `${TYPES}; trusted-types other` },
    wasm: 'one',
    two: 'one',
    threads: /^BackendError.*thread could not start.*trusted-types myelin/,
    worker: /^BackendError.*worker cannot start.*trusted-types myelin/,
  },
  'policies listed, but trusted types not demanded': {
    rules: { isolated: true, policy: 'trusted-types other' },
    wasm: 'one',
    two: 'two',
    threads: 'two',
    worker: 'one',
  },
};

const names = {
  one: ['wasm', 1],
  two: ['wasm', 2],
  typescript: ['typescript', 1],
} as const;

const hashes = new Set<string>();

function check(part: string, { error, name, threads, hash }: Found, expected: Expected): void {
  if (expected instanceof RegExp) {
    expect([part, error?.join(' ')]).toEqual([part, expect.stringMatching(expected)]);
    expect(error?.[1]).not.toMatch(/undefined|\.\./);
  } else {
    expect([part, error, name, threads]).toEqual([part, undefined, ...names[expected]]);
    hashes.add(hash as string);
  }
}

describe.each([
  ['Chromium', !noBrowser, openChromium, true],
  ['Firefox', hasFirefox, openFirefox, true],
  ['WebKitGTK', hasWebKit, openWebKit, false],
] as const)('policies in %s', (engine, has, open, sharesMemory) => {
  // The other two run the same cases in .ci/run.
  const runs = has && (engine === 'Chromium' || effort !== 'quick');
  let browser: Driven;
  const places = new Places();

  beforeAll(async () => {
    if (!runs) return;
    await places.open();
    browser = await open();
  }, 120_000);

  afterAll(async () => {
    places.close();
    await browser?.close();
  });

  test.skipIf(!runs).each(Object.entries(cases))('%s', async (_, { rules, wasm, worker, chromium, ...other }) => {
    await browser.open(places.page(rules));
    // Firefox has trusted types from 148 on; a browser without them takes no notice of that policy.
    const demanded = rules.policy?.includes(TYPES) && (await browser.evaluate("'trustedTypes' in window"));
    const untyped = rules.policy?.includes(TYPES) && !demanded;
    const own = engine === 'Chromium' ? chromium : undefined;
    const two = untyped ? 'two' : (own ?? other.two);
    const threads = untyped ? 'two' : (own ?? other.threads);
    const found = (await browser.waitFor('window.result')) as Place;
    expect(found.isolated).toBe(rules.isolated === true);
    check('wasm', found.wasm, wasm);
    check('auto', found.auto, wasm instanceof RegExp ? 'typescript' : wasm);
    check('worker', found.worker, untyped ? 'one' : worker);
    if (sharesMemory) {
      check('two', found.two, two);
      check('threads', found.threads, threads);
      if (two === 'one') expect(found.two.reason).toMatch(/^Computing on one thread\. \S/);
    } else {
      check('two', found.two, two === 'typescript' ? 'typescript' : 'one');
      // An isolated page is not told to be isolated.
      const problem = rules.isolated ? /this engine has no SharedArrayBuffer/ : /must be isolated/;
      check('threads', found.threads, problem);
    }
    expect([...hashes]).toHaveLength(1);
  });
});
