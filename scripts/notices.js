// Writes the licences of the packages that the build has bundled.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { inputs } = JSON.parse(readFileSync(new URL('build/meta.json', root), 'utf8'));
const packages = Object.keys(inputs).flatMap((path) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
const texts = [...new Set(packages)].sort().map((path) => {
  const folder = new URL(`${path}/`, root);
  const { name, version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (licence === undefined) throw new Error(`${path} is bundled and has no licence file.`);
  return `${name} ${version}\n\n${readFileSync(new URL(licence, folder), 'utf8').trim()}\n`;
});
writeFileSync(new URL('build/THIRD-PARTY-LICENSES.txt', root), texts.join(`\n${'-'.repeat(80)}\n\n`));
