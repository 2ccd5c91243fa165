/** Signals that end a process, and how it ends then: 128 and the signal's number. */
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type Name = keyof typeof CODES;
const NAMES = Object.keys(CODES) as readonly Name[];

let met: number | undefined;

/** Returns the exit code of a process that was told to end; undefined as long as it was not. */
export const endingCode = (): number | undefined => met;

/** Interruptions that listen. */
let listening = 0;

/**
 * Ends the process on a signal that no command comes to an orderly end by. The first process of a container has nobody else
 * to do so.
 */
export function endOnSignals(): void {
  for (const name of NAMES) {
    process.on(name, () => {
      if (listening === 0) process.exit(CODES[name]);
    });
  }
}

/**
 * Lets a command come to an orderly end when it is interrupted (Ctrl-C), told to end (`docker stop`) or its terminal is
 * closed: the first signal aborts, another one ends the process at once.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;

  #active = true;

  readonly #listen = (name: Name): void => {
    this.stop();
    met = CODES[name];
    this.#controller.abort();
  };

  constructor() {
    listening++;
    for (const name of NAMES) process.on(name, this.#listen);
  }

  /** Makes signals end the process at once from now on. */
  stop(): void {
    if (!this.#active) return;
    this.#active = false;
    listening--;
    for (const name of NAMES) process.off(name, this.#listen);
  }
}
