// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults of arithmetic: the twins (src/kernels/twins), the kernels in AssemblyScript, and the numbers that optimizers hand them.
// A row: id, file, what stands there, what is put in its place, the kernel or test that must fail, what it would mean.

// biome-ignore format: a table, a mutant in a line.
const twins = [
  ['K1', 'linalg', 's7 = h[bias + 7]!;', 's7 = h[bias + 6]!;', 'denseForward', 'the last unit of a panel takes the bias of its neighbour'],
  ['K2', 'linalg', 'const from = w + (j >> 3) * wPanel + i * 8 + (j & 7);', 'const from = w + (j >> 3) * wPanel + i * 8 + (j & 3);', 'denseInputGradient', 'the gradient of inputs reads the first four units of a panel twice'],
  ['K3', 'linalg', 'if (c < units) for (let r = 0', 'if (c <= units) for (let r = 0', 'denseBiasGradient', 'a bias that does not exist is trained'],
  ['K4', 'linalg', 'k < live ? h[dy + r * dyStride + c + k]! : 0', 'h[dy + r * dyStride + c + k]!', 'denseKernelGradient', 'padding of the gradient reaches the kernel'],
  ['K5', 'normalization', 'f(rows / (rows - 1))', 'f(rows / rows)', 'batchNormalizationUpdate', 'moving variances are biased, and predictions with them'],
  ['K6', 'normalization', 'h[mean + c] = center + shift;', 'h[mean + c] = center;', 'batchNormalizationMoments', 'means of large numbers lose digits'],
  ['K7', 'normalization', 'f(f(squares / rows) - f(shift * shift))', 'f(f(squares / (rows - 1)) - f(shift * shift))', 'batchNormalizationMoments', 'variances of a batch are those of a sample'],
  ['K8', 'normalization', 'const meanProduct = f(product / rows);', 'const meanProduct = product;', 'batchNormalizationBackward', 'gradients through batch normalization depend on the size of the batch'],
  ['K9', 'normalization', 'const meanSum = meanOf(columns, (c, sum) => f(sum + scaled(c)));', 'const meanSum = meanOf(columns, (c, sum) => f(sum + h[q + c]!));', 'layerNormalizationBackward', 'the mean of gradients leaves gamma out'],
  ['K10', 'softmax', 'f(h[dy + row + c]! - dot)', 'f(h[dy + row + c]! + dot)', 'softmaxBackward', 'the gradient of softmax has a sign wrong'],
  ['K11', 'softmax', 'f(h[dy + row + c]! - f(exp(h[y + row + c]!) * all))', 'f(h[dy + row + c]! - exp(h[y + row + c]!))', 'logSoftmaxBackward', 'the gradient of logSoftmax is right for one-hot gradients alone'],
  ['K12', 'losses', 'const picked = Math.trunc(h[label]!);', 'const picked = Math.trunc(h[label]!) - 1;', 'sparseCategoricalCrossentropy', 'classes are counted from 1'],
  ['K13', 'losses', 'const all = f(smoothing / columns);', 'const all = f(smoothing / (columns - 1));', 'sparseCategoricalCrossentropy', 'label smoothing shares among the other classes, not among all as Keras does'],
  ['K14', 'losses', 'f(slope * alpha)] as const', 'slope] as const', 'categoricalFocalCrossentropy', 'the gradient of focal loss leaves alpha out'],
  ['K15', 'losses-binary', 'f(share * f(0.5 - t))', 'f(share * f(1 - t))', 'binaryCrossentropy', 'label smoothing pulls towards 1'],
  ['K16', 'losses-binary', 'out.slope = m > 0 ? (t > 0 ? -1 : 1) : 0;', 'out.slope = m > 0 ? (t > 0 ? 1 : -1) : 0;', 'hinge', 'hinge trains away from its targets'],
  ['K17', 'losses-regression', 'return size > delta ? f(delta * f(size - f(delta * 0.5)))', 'return size > delta ? f(delta * f(size - delta))', 'huber', 'huber jumps at delta'],
  ['K18', 'losses-regression', 'f(1 - low), low);', 'low, f(1 - low));', 'quantile', 'the 0.9 quantile is the 0.1 quantile'],
  ['K19', 'losses-regression', 'out.slope = y > 0 ? f(f(s + s) / f(1 + y)) : 0;', 'out.slope = f(f(s + s) / f(1 + y));', 'meanSquaredLogarithmicError', 'negative predictions are pushed on'],
  ['K20', 'losses-rows', 'losses -= weight * cosine;', 'losses += weight * cosine;', 'cosineSimilarity', 'the loss falls as vectors turn apart'],
  ['K21', 'losses-rows', 'if (other > negative)', 'if (other >= negative)', 'categoricalHinge', 'of equal rivals the last is taken'],
  ['K22', 'activations', '(y <= 0 ? 0 : dy)', '(y < 0 ? 0 : dy)', 'reluBackward', 'dead units pass gradients on'],
  ['K23', 'activations', 'f(1 - f(y * y))', 'f(1 - y)', 'tanhBackward', 'the derivative of tanh is that of sigmoid without y'],
  ['K24', 'activations', 'y > 0 && y < f(b * 6) ?', 'y > 0 && y <= f(b * 6) ?', 'rampBackward', 'hardSigmoid at 1 still has a gradient'],
  ['K25', 'gates', 'f(dy * f(s * f(1 + f(du * f(1 - s)))))', 'f(dy * f(s * f(1 + f(u * f(1 - s)))))', 'swishBackward', 'gelu by tanh has the derivative of silu'],
  ['K26', 'gates', 'f(dy * -expm1(-y))', 'f(dy * expm1(-y))', 'softplusBackward', 'softplus trains uphill'],
  ['K27', 'leaky', 'f(sum + (negative ? f(gradient * h[x + i]!) : 0))', 'f(sum + f(gradient * h[x + i]!))', 'preluBackward', 'slopes of prelu learn from units that are on'],
  ['K28', 'leaky', 'h[slopes + i] = drawn;\n', '', 'rreluForward', 'rrelu goes back with other slopes than it went forward'],
  ['K29', 'adam', 'const u1 = u0 < v1 ? v1 : u0;', 'const u1 = v1;', 'adamMaximum', 'amsgrad is adam'],
  ['K30', 'adam', 'const present = f(Math.abs(gradient) + epsilon);', 'const present = Math.abs(gradient);', 'adamax', 'adamax divides by 0'],
  ['K31', 'adam', 'h[last + i] = gradient;', 'h[last + i] = change;', 'adan', 'adan takes differences of differences'],
  ['K32', 'optimizers', 'h[w + i] = f(h[w + i]! * decay) + h[w + i]!;', 'h[w + i] = f(h[w + i]! * -decay) + h[w + i]!;', 'decayWeights', 'weight decay makes weights grow'],
  ['K33', 'optimizers', 'f(f(velocity * lookAhead) + f(gradient * present))', 'f(f(velocity * lookAhead) + gradient)', 'sgdMomentum', 'momentum counts the gradient twice'],
  ['K34', 'optimizers', 'const clamp = (x: number) => (x < 0 ? 0 : x);', 'const clamp = (x: number) => x;', 'rmspropCentered', 'centered rmsprop takes roots of numbers below 0'],
  ['K35', 'optimizers', 'h[u + i] = f(f(u0 * keep) + f(f(change * change) * take));', 'h[u + i] = f(f(u0 * keep) + f(f(gradient * gradient) * take));', 'adadelta', 'adadelta averages gradients in place of changes'],
  ['K36', 'optimizers', 'h[m + i] = f(f(m0 * b2) + f(gradient * c2));', 'h[m + i] = blend;', 'lion', 'lion has one beta'],
  ['K37', 'reductions', '(factor < 1 ? factor : 1)', 'factor', 'clipFactor', 'clipping by norm makes small gradients larger'],
  ['K38', 'reductions', 'if (!Number.isFinite(x) || factor >= 1) return;', 'if (factor >= 1) return;', 'clipGradient', 'a gradient that is not finite is scaled to NaN'],
  ['K39', 'reductions', 'for (let c = 1; c < columns; c++) if (h[p + c]! > h[p + best]!) best = c;', 'for (let c = 1; c < columns; c++) if (h[p + c]! >= h[p + best]!) best = c;', 'categoricalAccuracy', 'of equal classes the last is predicted'],
  ['K40', 'reductions', 'v > 0 ? slope : v < 0 ? -slope : 0', 'v > 0 ? slope : -slope', 'l1Gradient', 'l1 moves weights away from 0'],
  ['K41', 'reductions', 'const factor = f(f(lambda) + f(lambda));', 'const factor = f(lambda);', 'l2Gradient', 'the gradient of l2 is half of its penalty'],
  ['K42', 'random', 'const scale = f(1 / f(1 - limit));', 'const scale = 1;', 'dropoutForward', 'dropout lowers the mean of activations'],
  ['K43', 'random', '>= limit ? scale : 0', '> limit ? scale : 0', 'dropoutForward', 'rate 0 drops draws of 0'],
  ['K44', 'random', '((column >> 3) * rows + row) * 8 + (column & 7)', '((column >> 3) * rows + column) * 8 + (row & 7)', 'uniformWeights', 'kernels are filled transposed, past their end'],
  ['K45', 'elementwise', 'x === y ? f(g * 0.5) : 0', 'x === y ? g : 0', 'maximumBackward', 'ties in maximum send the gradient one way'],
  ['K46', 'embedding', 'h[to + k] = f(h[to + k]! + h[from + k]!);', 'h[to + k] = h[from + k]!;', 'embeddingGradient', 'an id that comes twice in a batch learns from its last place alone'],
  ['K47', 'constraints', 'norm > limit ? limit / (norm + EPSILON) : 1', 'limit / (norm + EPSILON)', 'maxNorm', 'maxNorm stretches short columns'],
  ['K48', 'step', 'f(h[sum + i]! + h[g + i]!) * s', 'f(h[sum + i]! * s) + h[g + i]!', 'meanGradients', 'the last of accumulated batches weighs as much as all'],
  ['K49', 'step', 'if (s === 0 || Number.isNaN(h[factor]!)) return;', 'if (s === 0) return;', 'averageWeights', 'a refused step moves the average of weights'],
];

// biome-ignore format: a table, a mutant in a line.
const assembly = [
  ['A3', 'lib/loss', 'const factor = f32x4.splat(slope / <f32>terms);', 'const factor = f32x4.splat(slope);', 'meanSquaredError', 'gradients grow with the number of outputs'],
  ['A4', 'lib/update', 'f32x4.lt(v128.and(v, magnitude), limit)', 'f32x4.lt(v, limit)', 'adam', 'gradients below 0 are dropped'],
];

// Both backends take these numbers, so that only what PyTorch and Keras compute can tell.
const optimizers = ['test/nn/optimizers.test.ts'];
// biome-ignore format: a table, a mutant in a line.
const shared = [
  ['O1', 'twins/adam', 'heap[block] = (-learningRate * root) / (1 - power(beta1, t));\n    fillMoments(heap, block, epsilon * root', 'heap[block] = (-learningRate * root) / (1 - power(beta1, t));\n    fillMoments(heap, block, epsilon', optimizers, 'adam \\{|adamw? ', 'epsilon of adam stands outside of the correction'],
  ['O2', 'twins/adam', 'const root = Math.sqrt(1 - power(beta2, t));', 'const root = Math.sqrt(1 - power(beta2, t + 1));', optimizers, 'adam', 'the correction of bias is a step ahead'],
  ['O3', 'twins/adam', "optimizer<'adamw', AdamOptions>('adamw', /* @__PURE__ */ adamDefinition(0.01));", "optimizer<'adamw', AdamOptions>('adamw', /* @__PURE__ */ adamDefinition(0));", optimizers, 'adamw', 'adamw does not decay by default'],
  ['O4', 'twins/adam', 'const trusted = length > 5;', 'const trusted = length > 4;', optimizers, 'radam', 'radam trusts a variance of too few steps'],
  ['O5', 'twins/adam', 'beta1 * (1 - 0.5 * pow(0.96, t * momentumDecay))', 'beta1 * (1 - pow(0.96, t * momentumDecay))', optimizers, 'nadam', 'the schedule of momentum of nadam begins at 0'],
  ['O6', 'twins/adam', 'heap[block + 9] = t === 1 ? 0 : 1;', 'heap[block + 9] = 1;', optimizers, 'adan', 'adan takes the first gradient for a difference'],
  ['O7', 'twins/optimizers', 'heap[block + 2] = nesterov ? momentum : 1;', 'heap[block + 2] = 1;', optimizers, 'sgd|nesterov', 'nesterov does not look ahead'],
  ['O8', 'twins/optimizers', 'initial: ({ initialAccumulatorValue }) => initialAccumulatorValue,', 'initial: () => 0,', optimizers, 'states begin|adagrad', 'adagrad begins at 0 whatever it is told'],
  ['O9', 'twins/optimizers', "...common(0.01),\n    rho: decay(0.99)", "...common(0.01),\n    rho: decay(0.9)", optimizers, 'rmsprop', 'rmsprop forgets ten times as fast'],
];

// What random operands do not meet.
const edges = ['K24', 'K38', 'K39', 'K43'];

export const mutants = [
  ...twins.map(([id, name, from, to, kernel, what]) => ({
    id,
    what,
    file: `src/kernels/twins/${name}.ts`,
    from,
    to,
    ...(edges.includes(id)
      ? { tests: ['test/backends/kernel-edges.test.ts'] }
      : { tests: ['test/backends/kernels.test.ts'], only: `^(${kernel}) ` }),
  })),
  ...assembly.map(([id, name, from, to, kernel, what]) => ({
    id,
    what,
    file: `assembly/${name}.ts`,
    from,
    to,
    tests: ['test/backends/kernels.test.ts'],
    only: `^(${kernel}) `,
    build: 'wasm',
  })),
  ...shared.map(([id, name, from, to, tests, only, what]) => ({
    id,
    what,
    file: `src/kernels/${name}.ts`,
    from,
    to,
    tests,
    only,
  })),
];
