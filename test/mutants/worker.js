// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults of models in workers, of threads, and of the command line.
// A row: id, file below src, what stands there, what is put in its place, the tests, a test's name, what it would mean;
// then true where a build is needed, since the script of the worker and the command line are run from it.

const worker = ['worker/worker'];
const callbacks = ['worker/worker-callbacks'];
// biome-ignore format: a table, a mutant in a line.
const rows = [
  ['V1', 'worker/packing', 'if (moved.has(buffer)) {', 'if (moved.has(buffer) && !moved.has(buffer)) {', worker, 'that was transferred', 'an array that was moved away is sent as an empty one'],
  ['V2', 'worker/packing', 'return whole ? view : this.#own(copyNow(copyOfView(view)));', 'return view;', worker, 'data', 'a small view sends the whole buffer under it', false],
  ['V3', 'worker/remote', 'if (this.disposed) throw', 'if (!this.disposed && this.disposed) throw', worker, 'the worker', 'a call of a model that was disposed of never settles'],
  ['V4', 'worker/remote', 'if (to !== from) (to as Float32Array).set(from as Float32Array);', '', worker, 'fills what predict was given', 'predict leaves its output as it was'],
  ['V6', 'worker/connection', 'await before;\n', '', worker, 'run in the order', 'a short call overtakes a long one before it'],
  ['V8', 'worker/packed-errors', 'Object.assign(error, fields);', '', worker, 'errors', 'errors of a worker lose the argument they name'],
  ['V18', 'worker/share', "if (data?.length === rows * columns && rows > 0)", 'if (rows > 0)', ['worker/worker', 'worker/worker-training'], 'share|wrong', 'share takes a matrix whose data are short'],
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
