declare module '*.wasm.js' {
  /** A module as assembly/pack/pack.js writes it. */
  const text: string;
  export default text;
}
