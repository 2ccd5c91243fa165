/** See rows.js. */
export const groups: readonly object[];
