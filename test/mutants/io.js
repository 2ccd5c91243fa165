// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults of files: what is written, in which order, and what is refused.
// A row: id, file below src/io, what stands there, what is put in its place, the tests, what it would mean.

// biome-ignore format: a table, a mutant in a line.
const rows = [
  ['S5', 'atomic', 'if (previous) await keep(files, place, previous);', '', ['io/saving'], 'the previous file is not kept'],
  ['S9', 'atomic', 'if (previous && previous.folder !== folder) await files.syncFolder(previous.folder);', '', ['io/save-order'], 'the previous file behind a link may be lost'],
  ['S10', 'safetensors', 'parts.sort((a, b) => DTYPES[b.dtype] - DTYPES[a.dtype]);', '', ['io/layout'], 'tensors of float64 are not aligned'],
  ['S11', 'model-file', 'checkValues(part.name, !weight, values);', '', ['io/saving'], 'a model that has diverged takes the place of one that had not'],
  ['S12', 'model-file', "version: blocks.length > 0 ? VERSIONS[1] : VERSIONS[0],", 'version: VERSIONS[0],', ['io/saving-numbers'], 'lists of numbers come back as names of tensors'],
  ['S13', 'model-file', 'checkReadable(header);', '', ['io/saving-numbers'], 'a file is written that load refuses'],
  ['S14', 'json', "if (key === '__proto__') throw new FileFormatError(where, \"the key '__proto__'\");", '', ['io/hostile-made'], 'a file sets a prototype'],
  ['S15', 'json', 'if (keys.has(key)) throw', 'if (keys.size < 0) throw', ['io/hostile-made'], 'of a key that comes twice the last counts'],
  ['S16', 'layout', 'if (entry.start !== end) {', 'if (entry.start < end) {', ['io/hostile-made'], 'a file hides bytes between tensors'],
  ['S17', 'layout', 'if (length > size - PREFIX) {', 'if (length > size) {', ['io/layout'], 'a header that is cut off is told as no JSON'],
  ['S18', 'layout', '.sort((a, b) => a.start - b.start || a.end - b.end)', '.sort((a, b) => a.start - b.start)', ['io/layout'], 'an empty tensor after another of the same place is an overlap'],
  ['S20', 'load-weights', 'result[c * rows + r] = data[r * columns + c]!', 'result[r * columns + c] = data[r * columns + c]!', ['io/saving'], 'weights of PyTorch come in transposed'],
  ['S21', 'numbers', '!Object.is(value, -0);', 'true;', ['io/saving-numbers'], '-0 comes back as 0'],
  ['S22', 'numbers', 'most < 2 ** 16)', 'most <= 2 ** 16)', ['io/layout'], '65,536 comes back as 0'],
  ['S23', 'numbers', 'single &&= Math.fround(value) === value;', '', ['io/saving-numbers'], 'numbers of float64 are rounded'],
  ['S24', 'numbers', "if (this.#taken.has(entry.name)) fail(`numbers of two places in ${where}`);", '', ['io/layout'], 'a small file unpacks to gigabytes'],
  ['S25', 'safetensors', 'sign * (1024 + fraction) * 2 ** (exponent - 25)', 'sign * (1024 + fraction) * 2 ** (exponent - 24)', ['io/saving'], 'halves are doubled'],
  ['S26', 'safetensors', 'exponent === 0 ? sign * fraction * 2 ** -24', 'exponent === 0 ? 0', ['io/saving'], 'small halves are 0'],
  ['S31', 'byte-streams', 'else this.#waiting[0] = piece.subarray(part.length);', 'else this.#waiting.shift();', ['io/saving'], 'pieces of a stream that end within a tensor lose bytes'],
  ['S32', 'byte-streams', 'if ((await arriving.take(1)).length > 0) throw', 'if ((await arriving.take(1)).length > 1) throw', ['io/saving'], 'a stream with bytes after the last tensor loads'],
  ['S35', 'fill', "if (extra) throw new FileFormatError(label(extra.name), 'no part of this model');", '', ['io/hostile-made'], 'tensors that nobody wants are dropped silently'],
];

export const mutants = rows.map(([id, name, from, to, tests, what]) => ({
  id,
  what,
  file: `src/io/${name}.ts`,
  from,
  to,
  tests: tests.map((name) => `test/${name}.test.ts`),
}));
