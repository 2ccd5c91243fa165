declare module '*.wasm.js' {
  /** A module as assembly/pack.js writes it. */
  const text: string;
  export default text;
}
