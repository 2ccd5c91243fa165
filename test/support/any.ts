/** What users without a type checker pass. */
// biome-ignore lint/suspicious/noExplicitAny: the point of tests of errors
export const any = (value: unknown) => value as any;
