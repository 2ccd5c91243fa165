declare module '*.gz' {
  const base64: string;
  export default base64;
}
