import { makeSummary, type Summary } from '../engine/rare/summary.js';

const alike = (a: Summary['layers'][number] | undefined, b: Summary['layers'][number] | undefined) =>
  a?.type === b?.type && a?.outputShape[1] === b?.outputShape[1] && a?.parameters === b?.parameters;

/**
 * Returns a summary that shows the first of several networks of one shape, which a model begins with, and counts the others.
 */
export function networksText(summary: Summary, networks: number): string {
  const { layers } = summary;
  for (let each = networks > 1 ? Math.floor(layers.length / networks) : 0; each > 0; each--) {
    const all = layers.slice(0, each * networks);
    if (!all.every((layer, i) => alike(layer, layers[i % each]))) continue;
    const [first, last] = [layers[0], layers[each - 1]];
    const names = each === 1 ? first?.name : `${first?.name} to ${last?.name}`;
    const rest = [...layers.slice(0, each), ...layers.slice(all.length)];
    return `${networks} networks of one shape; ${names} are the first of them:\n${makeSummary({ ...summary, layers: rest })}`;
  }
  return String(summary);
}
