// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults at the edges of rules: one more or one less, the last batch, the first digit, the byte after.
// A row: id, file below src, what stands there, what is put in its place, the tests, what it would mean; then a test's name.

const reading = ['data/reading-edges'];
const steps = ['engine/step-edges'];
const runs = ['fit/run-edges'];
const tabular = ['tabular/tabular-edges'];
const ownLayers = ['nn/own/layers'];

// biome-ignore format: a table, a mutant in a line.
const rows = [
  ['Z1', 'data/csv/cutter', '} else if (byte === CR) mark = ESCAPED;', '}', reading, 'a line break within quotes keeps its carriage return'],
  ['Z2', 'data/csv/cutter', 'if (byte === CR && unit[i + 1] === LF) continue;', 'if (byte === CR) continue;', reading, 'a lone carriage return within quotes is lost'],
  ['Z3', 'data/csv/lines', 'if (stop - start > maxFieldLength) throw this.#tooLong(c, this.#placeOf(unit, line, start));', '', reading, 'maxFieldLength does nothing without quotes'],
  ['Z4', 'data/csv/lines', 'if (stop - start > maxFieldLength) throw this.#tooLong(c, this.#placeOf(unit, row, cutter.froms[c]!));', '', reading, 'maxFieldLength does nothing in quotes'],
  ['Z5', 'data/csv/lines', 'if (stop - start > maxFieldLength) throw this.#tooLong(c, this.#placeOf(unit, line, start));', 'if (stop - start >= maxFieldLength) throw this.#tooLong(c, this.#placeOf(unit, line, start));', reading, 'a field as long as maxFieldLength is refused'],
  ['Z6', 'data/cells/scalars', 'if (digits > 1 && bytes[start] === DIGIT) return Number.NaN;', '', reading, 'codes such as 007 are the number 7'],
  ['Z7', 'data/cells/numerals', 'return /^0\\d/.test(core);', 'return false;', reading, 'a code among numbers makes no column of codes'],
  ['Z8', 'data/cells/scalars', 'scale += below ? exponent : -exponent;', 'scale += exponent;', reading, '1e3 is 0.001'],
  ['Z9', 'data/idx', 'new Int8Array(n)', 'new Uint8Array(n)', reading, 'negative bytes of idx are large'],
  ['Z10', 'data/idx', 'new Int16Array(n)', 'new Uint16Array(n)', reading, 'negative shorts of idx are large'],
  ['Z11', 'data/idx', 'view.getInt32(at)', 'view.getInt32(at, true)', reading, 'whole numbers of idx are read from the wrong end'],
  ['Z12', 'data/idx', 'view.getFloat64(at)', 'view.getFloat64(at, true)', reading, 'numbers of float64 are read from the wrong end'],
  ['R8', 'data/csv/lines', 'decode(unit.subarray(start, at)).length + 1 }', 'at - start + 1 }', reading, 'columns of errors count bytes, not characters'],
  ['R11', 'data/csv/separator', 'share > best.share + 0.05', 'share > best.share', reading, 'a single odd line makes another sign the separator'],
  ['R15', 'data/json/text', "if (text[i] === '\\\\') i++;", "if (text[i] === '') i++;", reading, 'a text that ends in an escaped quote swallows the next row'],
  ['R55', 'data/tabular/estimate/choices', 'if (epoch - choice.bestEpoch >= patience)', 'if (epoch - choice.bestEpoch > patience)', tabular, 'pipelines wait an epoch longer than patience says'],
  ['R57', 'data/tabular/shape', 'if (length !== undefined && value.length !== length) refuse', 'if (length !== undefined && value.length < length) refuse', tabular, 'a record of too many numbers loads'],
  ['Z13', 'data/tabular/shape', 'Object.hasOwn(value, key) ? value[key] : undefined', 'value[key]', tabular, 'a part of a record may come from the prototype'],
  ['Z14', 'data/tabular/estimate/choices', 'if (choice.done) return;', '', tabular, 'a choice that has ended goes on choosing'],
  ['X1', 'engine/engine', 'this.steps.restart();', '', steps, 'a model compiled again goes on counting steps'],
  ['X2', 'engine/step-counts', 'this.taken = 0;', '', steps, 'a schedule goes on after compiling again'],
  ['X3', 'engine/step-counts', 'this.ownRate = undefined;\n    this.recent', 'this.recent', steps, 'a rate that was set outlives compile'],
  ['X5', 'nn/graph', 'for (const parameter of parameters) parameter.learningRateMultiplier *= learningRateMultiplier;', '', steps, 'learningRateMultiplier does nothing'],
  ['X6', 'engine/parameter-layout', 'if (runs.at(-1)?.multiplier === multiplier)', 'if (runs.length > 0)', steps, 'the multiplier of one layer is that of all'],
  ['X7', 'passes/totals', '(losses[i] as number) * rowsOf(this.engine, i, rows)', '(losses[i] as number) * rowsOf(this.engine, i, 2)', steps, 'a short last batch weighs as much as the others'],
  ['E48', 'engine/state', "if (given.optimizer !== optimizer.spec.name) fail('optimizer'", "if (given.optimizer === '') fail('optimizer'", runs, 'moments of adam are taken for those of adamax'],
  ['E58', 'rows/shuffle', 'const j = generator.integer(i + 1);', 'const j = generator.integer(i);', runs, 'no row keeps its place: orders are cycles alone'],
  ['E59', 'rows/shuffle', "stream('shuffle'), epoch)", "stream('shuffle'), 0)", runs, 'every epoch has the same order'],
  ['E61', 'rows/stratify', 'const j = i + generator.integer(rows.length - i);', 'const j = i;', runs, 'stratify holds out the first rows of each class'],
  ['E70', 'passes/epoch-totals', 'this.skipped = from.skipped;', '', runs, 'a resumed epoch forgets skipped batches'],
  ['F4', 'fit/fit-plan', 'const batchSize = options.batchSize ?? (solver ? total : 32);', 'const batchSize = options.batchSize ?? (solver ? total : 64);', runs, 'batches are of 64 rows by default'],
  ['F7', 'fit/callback-states', 'return [count === 1 ? name : `${name}.${count}`, callback];', 'return [name, callback];', runs, 'two callbacks of a kind share one state after an interruption'],
  ['F8', 'passes/epoch-totals', 'this.gathered?.restart();', '', runs, 'metrics of the second epoch hold the rows of the first'],
  ['Y1', 'rows/stratify', 'for (const group of byRemainder.slice(0, left)) group.held++;', '', steps, 'stratify holds out fewer rows than the share says'],
  ['Y2', 'rows/stratify', 'sort((a, b) => b.remainder - a.remainder || a.label - b.label)', 'sort((a, b) => a.label - b.label)', steps, 'the first classes are held out more often'],
  ['Y3', 'rows/stratify', 'const remainder = (size * held) % pair.rows;', 'const remainder = size % pair.rows;', steps, 'classes are held out in other shares'],
  ['L90', 'nn/expressions/compute', 'if (again) emit.call(k.add, { a: gradient, b: dw, y: gradient });', '', ownLayers, 'a matrix in two products has the gradient of one'],
  ['L91', 'nn/expressions/lowering', 'this.index + STREAMS * this.#dropouts++', 'this.index', ownLayers, 'all dropouts of a layer draw the same numbers'],
  ['L92', 'nn/layers/custom-layer', 'if (seen.has(dx)) return emit.copy(dx, `${name}.dx${i}`);', '', ownLayers, 'two inputs share the place of their gradient'],
  ['L93', 'nn/layers/custom-layer', '...(bound.mixes ? { minimumBatch: 2 } : {}),', '', ownLayers, 'a layer that takes means over rows trains on one row'],
];

export const mutants = rows.map(([id, file, from, to, tests, what, only]) => ({
  id,
  what,
  file: `src/${file}.ts`,
  from,
  to,
  tests: tests.map((name) => `test/${name}.test.ts`),
  ...(only && { only }),
}));
