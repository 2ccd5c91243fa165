// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults of models in workers, of threads, and of the command line.
// A row: id, file below src, what stands there, what is put in its place, the tests, a test's name, what it would mean;
// then true where a build is needed, since the script of the worker and the command line are run from it.

// biome-ignore format: a table, a mutant in a line.
const rows = [
  ['V19', 'cli/lists', "if (sign !== '\"') item += sign;\n      else if (text[at + 1] === '\"') {", "if (sign !== '\"') item += sign;\n      else if (text[at + 1] === '') {", ['cli/cli-shapes'], 'list|comma|quot', 'names with quotes cannot be told to the command line'],
  ['V20', 'cli/signals', 'SIGTERM: 143', 'SIGTERM: 130', ['cli/cli-signals'], undefined, 'a command that was told to end says that it was interrupted'],
  ['V24', 'cli/report/html', 'part < whole && tenths >= 1000 ? 999', 'part < whole && tenths > 1000 ? 999', ['insight/charts'], 'computes', '99.97% are shown as all'],
];

export const mutants = rows.map(([id, file, from, to, tests, only, what, build]) => ({
  id,
  what,
  file: `src/${file}.ts`,
  from,
  to,
  tests: tests.map((name) => `test/${name}.test.ts`),
  ...(only && { only }),
  ...(build && { build }),
}));
