/** Rows of text in columns; those whose cells below the head are numbers are aligned to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, c) => Math.max(...all.map((row) => row[c]!.length)));
  const numeric = head.map((_, c) => rows.every((row) => /^[-+]?[\d.,]*( ?%|x)?$/.test(row[c]!)));
  return all
    .map((row) =>
      row
        .map((cell, c) => (numeric[c] ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three digits or all whole ones. */
export function digits(value: number | null | undefined): string {
  if (value === null || value === undefined) return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '' : `${(share * 100).toFixed(share < 0.095 ? 1 : 0)}%`;
}
