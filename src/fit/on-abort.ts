import { show, ValueError } from '../errors.js';

/** @throws ValueError for what is no signal. */
export function checkSignal(signal: unknown): void {
  const { addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (signal === undefined || typeof addEventListener === 'function') return;
  const hint = signal instanceof AbortController ? { hint: 'Pass controller.signal.' } : {};
  throw new ValueError({ argument: 'signal', given: show(signal), expected: 'an AbortSignal', ...hint });
}

interface Fan {
  readonly handlers: Set<() => void>;
  readonly listener: () => void;
}

/** The handlers that wait for each signal. */
const fans = /* @__PURE__ */ new WeakMap<AbortSignal, Fan>();

/**
 * Calls back once a signal is given, until what it returns is called. All that wait for one signal share one listener: Node
 * warns of a leak where an event has more than ten.
 */
export function onAbort(signal: AbortSignal, handler: () => void): () => void {
  let fan = fans.get(signal);
  if (!fan) {
    const handlers = new Set<() => void>();
    fan = { handlers, listener: () => [...handlers].forEach((each) => void each()) };
    fans.set(signal, fan);
  }
  const { handlers, listener } = fan;
  // Each call gets a function of its own, since one handler may be registered twice.
  const own = () => handler();
  handlers.add(own);
  if (handlers.size === 1) signal.addEventListener('abort', listener);
  return () => {
    if (handlers.delete(own) && handlers.size === 0) signal.removeEventListener('abort', listener);
  };
}
