// Firefox and WebKitGTK, as Debian packages them, without a driver from npm: Firefox is told what to do by Marionette over
// a socket of its own, WebKitGTK by WebKitWebDriver over HTTP on a display that nobody sees (Xvfb).

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { effort } from './effort.js';

const FIREFOX = '/usr/bin/firefox-esr';
const WEBKIT_DRIVER = '/usr/bin/WebKitWebDriver';
const XVFB = '/usr/bin/Xvfb';

const wanted = effort !== 'quick';
export const hasFirefox = wanted && existsSync(FIREFOX);
export const hasWebKit = wanted && existsSync(WEBKIT_DRIVER) && existsSync(XVFB);
for (const [found, name] of [
  [hasFirefox, 'firefox-esr'],
  [hasWebKit, 'webkit2gtk-driver and xvfb'],
] as const) {
  if (wanted && !found && process.env.CI) throw new Error(`CI needs ${name}`);
  if (!found) console.warn(`browser tests skipped: ${wanted ? `no ${name}` : 'MYELIN_EFFORT=full runs them'}`);
}

/** A browser with one window. */
export interface Driven {
  readonly version: string;
  open(url: string): Promise<void>;
  /** The value of an expression in the page, as far as JSON knows it; runs under a content policy as well. */
  evaluate(expression: string): Promise<unknown>;
  /** What an expression in the page is once it is no longer null, undefined or false. */
  waitFor(expression: string, milliseconds?: number): Promise<unknown>;
  close(): Promise<void>;
}

type Send = (command: string, parameters: object) => Promise<unknown>;

async function until<T>(look: () => T | Promise<T>, what: string, milliseconds = 60_000): Promise<NonNullable<T>> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(100)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`${what} within ${milliseconds} ms`);
}

function start(program: string, args: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(program, args, {
    env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_CACHE_HOME: folder, ...env },
    stdio: 'ignore',
    detached: true,
  });
  child.on('error', () => undefined);
  return child;
}

/** Ends a process and those it started, and waits until it is gone. */
async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
  await gone;
}

const remove = (folder: string) => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });

function driven(version: string, send: Send, close: () => Promise<void>): Driven {
  const evaluate = (expression: string) => send('evaluate', { script: `return (${expression})`, args: [] });
  return {
    version,
    close,
    evaluate,
    async open(url) {
      await send('open', { url });
      // Navigation begins when it begins: what is asked before, the page before would answer.
      await until(
        () =>
          evaluate('location.href').then(
            (href) => href === url,
            () => false,
          ),
        `no ${url}`,
      );
    },
    waitFor: (expression, milliseconds) => until(() => evaluate(expression), `no ${expression}`, milliseconds),
  };
}

/** Marionette: messages of JSON, each with its length in front; a request is [0, id, name, parameters]. */
class Marionette {
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #received = Buffer.alloc(0);
  #sent = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data) => this.#receive(data));
    const lost = (error?: Error) => {
      for (const { reject } of this.#waiting.values()) reject(error ?? new Error('Firefox is gone'));
    };
    socket.on('error', lost);
    socket.on('close', () => lost());
  }

  static async open(port: number): Promise<Marionette> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Marionette(socket);
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      if (colon < 0) return;
      const end = colon + 1 + Number(this.#received.subarray(0, colon));
      if (this.#received.length < end) return;
      const message = JSON.parse(this.#received.subarray(colon + 1, end).toString());
      this.#received = this.#received.subarray(end);
      if (!Array.isArray(message)) continue; // the greeting
      const [, id, error, result] = message;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(`${error.error}: ${error.message}`));
      else waiting?.resolve(result);
    }
  }

  send(name: string, parameters: object): Promise<unknown> {
    const id = ++this.#sent;
    const text = JSON.stringify([0, id, name, parameters]);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

const FIREFOX_PREFERENCES = {
  'marionette.port': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': '',
  'dom.ipc.processCount': 1,
};

/** Firefox without a window. `preferences` are those of about:config. */
export async function openFirefox(preferences: Readonly<Record<string, unknown>> = {}): Promise<Driven> {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-firefox-'));
  const lines = Object.entries({ ...FIREFOX_PREFERENCES, ...preferences });
  writeFileSync(
    join(folder, 'user.js'),
    lines.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''),
  );
  const child = start(FIREFOX, ['--headless', '--no-remote', '--marionette', '--profile', folder], folder);
  let client: Marionette | undefined;
  const close = async () => {
    client?.close();
    await stop(child);
    remove(folder);
  };
  try {
    const place = join(folder, 'MarionetteActivePort');
    const port = Number(await until(() => existsSync(place) && readFileSync(place, 'utf8'), 'Firefox did not start'));
    const marionette = await Marionette.open(port);
    client = marionette;
    const session = await marionette.send('WebDriver:NewSession', {
      capabilities: { alwaysMatch: { pageLoadStrategy: 'none', timeouts: { script: 300_000 } } },
    });
    const { capabilities } = session as { capabilities: { browserVersion: string } };
    const names: Record<string, string> = { open: 'WebDriver:Navigate', evaluate: 'WebDriver:ExecuteScript' };
    const send: Send = async (command, parameters) => {
      const result = await marionette.send(names[command] as string, parameters);
      return (result as { value?: unknown } | null)?.value;
    };
    return driven(capabilities.browserVersion, send, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A display of this process; Xvfb picks the number and tells it. */
async function openDisplay(folder: string): Promise<{ child: ChildProcess; name: string }> {
  const child = spawn(XVFB, ['-displayfd', '1', '-screen', '0', '800x600x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    env: { ...process.env, HOME: folder },
  });
  let told = '';
  child.stdout?.on('data', (data) => {
    told += data;
  });
  try {
    await until(() => told.includes('\n'), 'Xvfb did not start');
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { child, name: `:${told.trim()}` };
}

/** WebKitGTK's MiniBrowser. `environment` may hold switches of the engine, such as `JSC_useSharedArrayBuffer`. */
export async function openWebKit(environment: NodeJS.ProcessEnv = {}): Promise<Driven> {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-webkit-'));
  const display = await openDisplay(folder);
  const port = await freePort();
  const child = start(WEBKIT_DRIVER, [`--port=${port}`, '--host=127.0.0.1'], folder, {
    DISPLAY: display.name,
    GDK_BACKEND: 'x11',
    LIBGL_ALWAYS_SOFTWARE: '1',
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    // The sandbox needs user namespaces, which containers lack.
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    NO_AT_BRIDGE: '1',
    ...environment,
  });
  const request = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
    if (!response.ok) throw new Error(`${value?.error}: ${value?.message}`);
    return value;
  };
  let session: string | undefined;
  const close = async () => {
    if (session) await request('DELETE', `/session/${session}`).catch(() => undefined);
    await stop(child);
    await stop(display.child);
    remove(folder);
  };
  try {
    await until(() => request('GET', '/status').catch(() => undefined), 'WebKitWebDriver did not start');
    const opened = await request('POST', '/session', {
      capabilities: { alwaysMatch: { pageLoadStrategy: 'none', timeouts: { script: 300_000 } } },
    });
    const { sessionId, capabilities } = opened as { sessionId: string; capabilities: { browserVersion: string } };
    session = sessionId;
    const places: Record<string, string> = { open: 'url', evaluate: 'execute/sync' };
    const send: Send = (command, parameters) => request('POST', `/session/${sessionId}/${places[command]}`, parameters);
    return driven(capabilities.browserVersion, send, close);
  } catch (error) {
    await close();
    throw error;
  }
}
