// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults that the tests of 2026-11-21 did not see. scripts/mutants.js puts each into a copy of the sources and runs its tests,
// of which one must fail. `from` stands in the file exactly once; files of `tests` that do not exist yet are left out.

const edges = ['test/data/data-edges.test.ts'];
const lifecycle = ['test/worker/worker-lifecycle.test.ts'];
const order = ['test/io/save-order.test.ts'];
const training = ['test/fit/bookkeeping.test.ts', 'test/engine/guard-bounds.test.ts'];
const mixed = ['test/engine/weights.test.ts'];
const changed = ['test/fit/changed-data.test.ts'];

export const mutants = [
  {
    id: 'I1',
    what: 'a new file is not waited for',
    edits: [{ file: 'src/io/atomic.ts', from: '        await open.sync();\n', to: '' }],
    tests: order,
  },
  {
    id: 'I2',
    what: 'the folder of a new file is not waited for',
    edits: [{ file: 'src/io/atomic.ts', from: '  await files.syncFolder(folder);\n', to: '' }],
    tests: order,
  },
  {
    id: 'T3',
    what: 'only the low 16 bits of each word of the seed reach the kernels',
    edits: [
      {
        file: 'src/engine/engine.ts',
        from: 'heap[offset + 2 * i + 1] = word >>> 16;',
        to: 'heap[offset + 2 * i + 1] = 0;',
      },
    ],
    tests: training,
  },
  {
    id: 'T2',
    what: 'updateMovingMoments takes one mask of dropout for all batches',
    edits: [
      {
        file: 'src/passes/rare/moments.ts',
        from: 'engine.writeRandomState(nextBatch(engine) + start / batchSize);',
        to: 'engine.writeRandomState(nextBatch(engine) + (0 * start) / batchSize);',
      },
    ],
    tests: training,
  },
  {
    id: 'T19',
    what: 'mixup draws once for a run',
    edits: [
      {
        file: 'src/rows/mixup.ts',
        from: "stream('augmentation'), nextBatch(engine))",
        to: "stream('augmentation'), 1)",
      },
    ],
    tests: mixed,
  },
  {
    id: 'T12',
    what: 'averages stay when a fresh state is restored',
    edits: [
      {
        file: 'src/engine/state.ts',
        from: '        if (average) heap.fill(0, average.offset, average.offset + average.size);\n',
        to: '        void average;\n',
      },
    ],
    tests: training,
  },
  {
    id: 'P6',
    what: 'the guard looks closely from 1e16 on',
    edits: [{ file: 'src/program/finite-checks.ts', from: 'BOUND = 1e8;', to: 'BOUND = 1e16;' }],
    tests: training,
  },
  {
    id: 'T18',
    what: 'the safe rate leaves weight decay out',
    edits: [
      {
        file: 'src/engine/safe-rate.ts',
        from: 'Math.min(LARGEST_RATE, 1 / weightDecay)',
        to: 'Math.min(LARGEST_RATE, 1 / (weightDecay && 1e-9))',
      },
    ],
    tests: training,
  },
  {
    id: 'T21',
    what: 'the loss is recorded in place of the size',
    edits: [
      {
        file: 'src/engine/steps.ts',
        from: 'steps.recent[place + HISTORY] = size;',
        to: 'steps.recent[place + HISTORY] = outcome.loss + 0 * size;',
      },
    ],
    tests: training,
  },
  {
    id: 'P10',
    what: 'constraints change frozen parameters',
    edits: [
      {
        file: 'src/program/parameter-update.ts',
        from: 'for (const parameter of parameters) if (parameter.trainable) emitConstraint(emit, parameter);',
        to: 'for (const parameter of parameters) emitConstraint(emit, parameter);',
      },
    ],
    tests: training,
  },
  {
    id: 'T6',
    what: 'the row of a NonFiniteError is that of the stratified part',
    edits: [{ file: 'src/rows/feed.ts', from: 'return this.sample.origin?.[drawn] ?? drawn;', to: 'return drawn;' }],
    tests: changed,
  },
  {
    id: 'T8',
    what: 'pauses count as seconds of the epoch',
    edits: [
      { file: 'src/fit/interruption.ts', from: 'this.clock.leaveOut(performance.now() - since);', to: 'void since;' },
    ],
    tests: training,
  },
  {
    id: 'D2',
    what: 'parts of a stratified split are rounded up in order',
    edits: [
      {
        file: 'src/data/splits.ts',
        from: 'range(sizes.length).sort((a, b) => exact[b]! - parts[b]! - (exact[a]! - parts[a]!) || a - b)',
        to: 'range(sizes.length)',
      },
    ],
    tests: edges,
  },
  {
    id: 'D4',
    what: 'the inverse of one-hot has a category where none was',
    edits: [
      {
        file: 'src/data/prep/encoding.ts',
        from: 'missing && best === labels.length ? -1 : best',
        to: 'missing && best === labels.length ? 0 : best',
      },
    ],
    tests: edges,
  },
  {
    id: 'D5',
    what: 'embeddingIds gives out an id too many',
    edits: [{ file: 'src/data/prep/encoding.ts', from: '.slice(0, maxIds - 1)', to: '.slice(0, maxIds)' }],
    tests: edges,
  },
  {
    id: 'D6',
    what: 'signs of principal axes are as they come',
    edits: [
      {
        file: 'src/data/prep/projection.ts',
        from: 'if (largest < 0) for',
        to: 'if (largest < -Infinity) for',
      },
    ],
    tests: edges,
  },
  {
    id: 'D7',
    what: 'erase never touches the last row and column',
    edits: [
      {
        file: 'src/data/augment/images.ts',
        from: 'random.integer(height - tall + 1)',
        to: 'random.integer(Math.max(1, height - tall))',
      },
      {
        file: 'src/data/augment/images.ts',
        from: 'random.integer(width - wide + 1)',
        to: 'random.integer(Math.max(1, width - wide))',
      },
    ],
    tests: edges,
  },
  {
    id: 'D10',
    what: 'a space separates where lines disagree',
    edits: [
      {
        file: 'src/data/csv/separator.ts',
        from: "if (candidate.separator === ' ' && share < 1) continue;",
        to: 'if (share < 0) continue;',
      },
    ],
    tests: edges,
  },
  {
    id: 'D12',
    what: 'a network alone leaves out rows of nine',
    edits: [
      {
        file: 'src/data/tabular/estimate/parts.ts',
        from: 'if (rows < FEWEST_ROWS) return',
        to: 'if (rows < FEWEST_ROWS - 1) return',
      },
    ],
    tests: edges,
  },
  {
    id: 'D13',
    what: 'classes that are numbers are in order of their texts',
    edits: [
      {
        file: 'src/data/tabular/target.ts',
        from: 'numeric ? (a, b) => Number(a) - Number(b) : undefined',
        to: 'numeric ? undefined : undefined',
      },
    ],
    tests: edges,
  },
  {
    id: 'C5',
    what: '--test-share draws the same rows for every seed',
    edits: [
      { file: 'src/cli/train/examples.ts', from: 'seed: flags.seed ?? 0, ...stratify', to: 'seed: 0, ...stratify' },
    ],
    tests: ['test/cli/cli-seed.test.ts'],
    build: true,
  },
  {
    id: 'W3',
    what: 'stale properties of a remote model are believed',
    edits: [
      {
        file: 'src/worker/remote.ts',
        from: 'if (state?.settings === this.#settings || property.kind',
        to: 'if (state?.settings !== -1 || property.kind',
      },
    ],
    tests: lifecycle,
  },
  {
    id: 'W4',
    what: 'a shared worker keeps models that were disposed of',
    edits: [{ file: 'src/worker/worker-host.ts', from: 'this.#models.delete(message.model);', to: '' }],
    tests: lifecycle,
    build: true,
  },
  {
    id: 'L1',
    what: 'repeated rows are told of from 15% on',
    edits: [{ file: 'src/insight/labels.ts', from: 'DUPLICATED = 0.05;', to: 'DUPLICATED = 0.15;' }],
    tests: edges,
  },
];
