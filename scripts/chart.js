// Draws docs/speed.svg from bench/speed.json: `node scripts/chart.js`. A test compares the two, and the figures with docs/benchmarks.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => new URL(`../${path}`, import.meta.url);
const escaped = (text) => text.replace(/[&<>]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]);

/** The chart of a record such as bench/speed.json, as SVG; lengths are in proportion to times. */
export function chart({ title, unit, bars, native }) {
  const all = [...native.map((bar) => ({ ...bar, native: true })), ...bars].sort(
    (a, b) => a.microseconds - b.microseconds,
  );
  const [left, top, step, longest] = [196, 52, 28, 380];
  const height = top + step * all.length + 12;
  const most = Math.max(...all.map(({ microseconds }) => microseconds));
  const rows = all.map(({ name, microseconds, own, native, note }, i) => {
    const y = top + step * i;
    const width = Math.max(1, (longest * microseconds) / most).toFixed(1);
    const value = (microseconds / 1000).toFixed(microseconds < 10_000 ? 1 : 0);
    const kind = own ? 'own' : native ? 'native' : 'other';
    return (
      `<text x="${left - 8}" y="${y + 15}" text-anchor="end"${own ? ' class="strong"' : ''}>${escaped(name)}</text>` +
      `<rect class="${kind}" x="${left}" y="${y + 2}" width="${width}" height="18" rx="2"/>` +
      `<text x="${left + Number(width) + 6}" y="${y + 15}"${own ? ' class="strong"' : ''}>${value} ms${note ? ` (${escaped(note)})` : ''}</text>`
    );
  });
  const style =
    'text{font:13px system-ui,sans-serif;fill:#1f2328}.strong{font-weight:600}.small{font-size:11px;fill:#59636e}' +
    '.own{fill:#0969da}.other{fill:#8c959f}.native{fill:#c9d1d9}' +
    '@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.own{fill:#4493f8}.other{fill:#656c76}.native{fill:#3d444d}}';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 770 ${height}" width="770" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}</style>`,
    `<text x="8" y="18" class="strong">${escaped(title)}</text>`,
    `<text x="8" y="36" class="small">${escaped(unit)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

export const record = () => JSON.parse(readFileSync(at('bench/speed.json'), 'utf8'));

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(at('docs/speed.svg'), chart(record()));
