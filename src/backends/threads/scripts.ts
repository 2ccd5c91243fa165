// This file finds the scripts of threads and workers and starts them: next to the package, where a bundler has put them, or
// on another origin.

import { BackendError } from '../../errors.js';
import { builtin } from './host.js';

/** The role that a script is started for; a bundle may hold it, or a page import it, without being a worker at all. */
export type Role = 'myelin' | 'myelin-thread';

interface NodeScope {
  readonly parentPort: object | null;
  readonly workerData: unknown;
}

interface BrowserScope {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string; readonly origin: string };
  readonly name?: string;
  readonly trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createScriptURL(url: string): string },
    ): { createScriptURL(url: string): unknown };
  };
}

const scope = globalThis as unknown as BrowserScope;

/** Returns whether this is the scope of a worker that was started for this role. */
export function startedAs(role: Role): boolean {
  const node = builtin<NodeScope>('node:worker_threads');
  if (node) return node.parentPort !== null && (node.workerData as { role?: unknown } | null)?.role === role;
  return scope.document === undefined && scope.name === role;
}

/** Returns what went wrong, as part of a sentence. */
export function why(error: unknown): string {
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
  return text.trim().split('\n', 1).join('').replace(/\.$/, '') || 'no reason was given';
}

/** Returns whether this is a page, or a worker of one. */
export const inBrowser = () => typeof Worker !== 'undefined' && scope.location !== undefined;

/** Returns the place that users give: an address, or relative to the page, or in Node a path. */
export function placeOf(given: string | URL): URL {
  const base = scope.document?.baseURI ?? scope.location?.href;
  const files = builtin<{ pathToFileURL(path: string): URL }>('node:url');
  if (given instanceof URL || !files) return new URL(given, base);
  return /^[a-z][a-z\d+.-]+:/i.test(given) ? new URL(given) : files.pathToFileURL(given);
}

/** Only addresses of this package's scripts pass the policy. */
const own = new Set<string>();
let policy: { createScriptURL(url: string): unknown } | undefined;

/** Passes an address through a policy called `myelin`, on pages that demand trusted types and allow it. */
function trusted(url: string): string {
  if (!scope.trustedTypes) return url;
  own.add(url);
  try {
    policy ??= scope.trustedTypes.createPolicy('myelin', {
      createScriptURL(url) {
        if (own.has(url)) return url;
        throw new TypeError(`${url} is no script of myelin`);
      },
    });
  } catch {
    return url; // The page may not demand trusted types at all, only list the policies that it has.
  }
  return policy.createScriptURL(url) as string;
}

/**
 * Returns a script of this package, by its place in relation to a module. Here bundlers for servers do not see what is
 * meant: they would copy the script to where it is no module, while what they give out as a module's address is its place in
 * the package.
 */
export const beside = (module: string, path: string) => new URL(path, module);

const relays = new Map<string, string>();

/**
 * Returns a script of the page's own origin that imports one of another, which may not be started itself. The import is
 * dynamic, since WebKit asks more of a static one on isolated pages, and so what comes meanwhile is kept.
 */
function relay(url: string): string {
  const text = `
    const early = [];
    onmessage = (event) => early.push(event);
    import(${JSON.stringify(url)}).then(
      () => early.forEach((event) => onmessage(event)),
      (error) => setTimeout(() => { throw error; }),
    );`;
  const known = relays.get(url) ?? URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  relays.set(url, known);
  return known;
}

/** Starts a worker of a browser from any address, which bundlers do not see. */
export function startAt(place: URL, role: Role): Worker {
  const { href, origin, protocol } = place;
  const foreign = (protocol === 'http:' || protocol === 'https:') && origin !== scope.location?.origin;
  return new Worker(trusted(foreign ? relay(href) : href), { type: 'module', name: role });
}

interface Unstarted {
  /** As the message begins. */
  readonly what: string;
  readonly script: 'thread' | 'worker-host';
  readonly option: 'threadUrl' | 'workerUrl';
  /** The place of the module that tried. */
  readonly here: string | undefined;
  /** The errors that each way to start failed with. */
  readonly causes: readonly unknown[];
}

/** Returns the error of a script that could not be started, with the line to write. */
export function unstarted({ what, script, option, here = '', causes }: Unstarted): BackendError {
  const reasons = [...new Set(causes.map(why))].join('; ');
  const origin = /^https?:\/\/[^/]+/.exec(here)?.[0];
  let advice = `Its script is myelin/${script}.js: bundlers that do not find it by themselves take it as an entry of its own, { '${script}': 'myelin/${script}.js' }; ${option} says where it lies elsewhere`;
  if (/trusted|sink type/i.test(reasons))
    advice = 'The page demands trusted types: let it allow the policy of this package, trusted-types myelin';
  else if (scope.location && origin && origin !== scope.location.origin) {
    advice = `Scripts of another origin start through a blob, which the content policy must allow: worker-src blob:, script-src ${origin}`;
  }
  return new BackendError(`${what}: ${reasons}. ${advice} (docs/runtimes.md).`, { cause: causes[0] });
}
