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
  ['V5', 'worker/remote', 'if (this.own) this.connection.terminate();', '', worker, 'of its own ends', 'a worker lives on after its model'],
  ['V6', 'worker/connection', 'await before;\n', '', worker, 'run in the order', 'a short call overtakes a long one before it'],
  ['V7', 'worker/connection', 'if (this.#pending.size === 0) this.#port.hold(true);', '', ['worker/worker-process'], undefined, 'a program ends while a call is under way', true],
  ['V8', 'worker/packed-errors', 'Object.assign(error, fields);', '', worker, 'errors', 'errors of a worker lose the argument they name'],
  ['V9', 'worker/packed-errors', "if (name === 'AbortError' || name === 'TimeoutError') return new DOMException(message, name);", '', ['worker/worker-training'], 'abort', 'an abort in a worker is no DOMException'],
  ['V10', 'worker/scope', 'return done ? { done } : { done: false', 'return done ? { done: false } : { done: false', ['worker/worker-training'], 'stream', 'a stream to a worker has no end'],
  ['V11', 'worker/scope', "if (use === 'hook') return undefined;", '', callbacks, undefined, 'what a hook returns is sent to the worker, and functions in it end the run'],
  ['V12', 'worker/packed-results', 'const own = whole && !keep ? value : (value as View).slice();', 'const own = whole ? value : (value as View).slice();', worker, 'properties', 'a property that is read leaves the worker for ever', true],
  ['V13', 'worker/pulled', 'item?.taken(false);', '', ['worker/worker-training', 'worker/worker'], 'predictBatches|generator|stream', 'predictBatches that is left goes on in the worker'],
  ['V15', 'worker/hosted', 'this.#settings = count;', '', ['worker/worker', 'worker/worker-lifecycle'], 'properties|what is set', 'what the worker tells later is never believed again', true],
  ['V16', 'worker/hosted', 'if (refused) throw refused.error;', '', worker, 'properties', 'a setting that was refused is dropped silently', true],
  ['V17', 'worker/remote-callbacks', "const grouped = name.includes('Batch') && !each;", "const grouped = name.includes('Batch');", callbacks, undefined, 'callbacks that must hear each batch at once hear them later', true],
  ['V18', 'worker/share', "if (data?.length === rows * columns && rows > 0)", 'if (rows > 0)', ['worker/worker', 'worker/worker-training'], 'share|wrong', 'share takes a matrix whose data are short'],
  ['V19', 'cli/lists', "if (sign !== '\"') item += sign;\n      else if (text[at + 1] === '\"') {", "if (sign !== '\"') item += sign;\n      else if (text[at + 1] === '') {", ['cli/cli-shapes'], 'list|comma|quot', 'names with quotes cannot be told to the command line'],
  ['V20', 'cli/signals', 'SIGTERM: 143', 'SIGTERM: 130', ['cli/cli-signals'], undefined, 'a command that was told to end says that it was interrupted'],
  ['V21', 'cli/output', "/[\",\\n\\r]/.test(text)", "/[\",\\n]/.test(text)", ['cli/cli-escapes', 'cli/cli-values', 'cli/cli-cells'], undefined, 'a category with a carriage return breaks the CSV of predictions', true],
  ['V22', 'cli/index', 'code = error.exitCode === 0 ? 0 : 2;', 'code = error.exitCode === 0 ? 0 : 1;', ['cli/cli-flags', 'cli/cli'], undefined, 'a wrong command exits as wrong data do', true],
  ['V23', 'cli/messages', ".replace(/\\bquote: false\\b/g, '--no-quote')", '', ['cli/cli-remarks'], undefined, 'advice on the command line names options of the library'],
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
