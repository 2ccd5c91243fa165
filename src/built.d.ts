declare module '*/build/thread.js' {
  /** The address of this script; undefined in bundles of formats without modules. */
  export const place: string | undefined;
}

declare module '*/build/worker-host.js' {
  export const place: string | undefined;
}
