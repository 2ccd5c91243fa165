// Writes the licences of the packages that the build has bundled.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { inputs } = JSON.parse(readFileSync(new URL('build/meta.json', root), 'utf8'));
const packages = Object.keys(inputs).flatMap((path) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);

/** Packages that leave their licence out, and the package of the same repository that has it. */
const LICENSED_WITH = { '@assemblyscript/loader': 'assemblyscript' };

/** Returns the texts of a package that must go with it, without its code. */
function noticesOf(name, version, license) {
  const holder = LICENSED_WITH[name] ?? name;
  const folder = new URL(`node_modules/${holder}/`, root);
  const other = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  if (other.version !== version || other.license !== license) {
    throw new Error(
      `${name} ${version} (${license}) is not licensed with ${holder} ${other.version} (${other.license}).`,
    );
  }
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  if (!files.some((file) => /^licen/i.test(file))) throw new Error(`${name} is bundled and has no licence file.`);
  return files.sort().map((file) => readFileSync(new URL(file, folder), 'utf8').trim());
}

const texts = [...new Set(packages)].sort().map((path) => {
  const folder = new URL(`${path}/`, root);
  const { name, version, license } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return `${[`${name} ${version}`, ...noticesOf(name, version, license)].join('\n\n')}\n`;
});
writeFileSync(new URL('build/THIRD-PARTY-LICENSES.txt', root), texts.join(`\n${'-'.repeat(80)}\n\n`));
