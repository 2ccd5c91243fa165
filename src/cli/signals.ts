/** Signals that end a process, and how it ends then: 128 and the signal's number. */
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type Name = keyof typeof CODES;
const NAMES = Object.keys(CODES) as readonly Name[];

let met: number | undefined;

/** The exit code of a process that was told to end; undefined as long as it was not. */
export const endingCode = (): number | undefined => met;

/**
 * Lets a command come to an orderly end when it is interrupted (Ctrl-C), told to end (`docker stop`) or its terminal is
 * closed: the first signal aborts, another one ends the process at once.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;

  readonly #listen = (name: Name): void => {
    this.stop();
    met = CODES[name];
    this.#controller.abort();
  };

  constructor() {
    for (const name of NAMES) process.on(name, this.#listen);
  }

  /** From now on signals do what they do to any process. */
  stop(): void {
    for (const name of NAMES) process.off(name, this.#listen);
  }
}
