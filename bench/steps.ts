import { type BackendFactory, matrix, typescript } from '../src/index.js';
import { LoopsNet } from './loops.js';
import type { Case } from './measure.js';
import { forwardFlops, makeModel, problemFor, stepFlops } from './models.js';
import type { Batch } from './problem.js';
import { type Inference, inferences, type Workload, workloads } from './workloads.js';

export interface StepCase extends Case {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
  readonly rows: number;
  readonly flops: number;
}

export interface StepRow {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
  readonly usPerStep: number;
  readonly samplesPerSecond: number;
  readonly shareOfPeak: number;
  /** This build's time over that of the build before. */
  readonly ratio?: number;
}

/** Something that trains: one step on a batch, returning the loss before it. */
interface Trainee {
  train(batch: Batch): number;
  learningRate: number;
}

/** Batches that timed steps take in turns. */
const BATCHES = 8;

function modelTrainee(workload: Workload, factory: BackendFactory): Trainee {
  const model = makeModel(workload, factory);
  return {
    train: ({ x, y }) => model.trainOnBatch(x, y).loss!,
    set learningRate(rate: number) {
      model.learningRate = rate;
    },
  };
}

function loopsTrainee(workload: Workload): Trainee {
  const { layers, batch, training } = workload;
  const { optimizer } = training;
  if (typeof optimizer === 'string') throw new Error(`${workload.name} must spell out its optimizer.`);
  const net = new LoopsNet(layers, makeModel(workload, typescript()).getWeights(), batch, optimizer);
  return {
    train: ({ x, y }) => net.trainOnBatch(x.data, y.data),
    set learningRate(rate: number) {
      net.learningRate = rate;
    },
  };
}

/** Losses of the check's steps; throws unless the first batch's loss falls. */
function checkLearning(name: string, trainee: Trainee, batches: readonly Batch[], steps: number): readonly number[] {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(trainee.train(batches[i % batches.length]!));
  losses.push(trainee.train(batches[0]!));
  const [first, last] = [losses[0]!, losses.at(-1)!];
  if (!(last < 0.8 * first)) throw new Error(`${name} does not learn: its loss went from ${first} to ${last}.`);
  return losses;
}

/** What losses may differ by, relatively: fused arithmetic and the plain loops, which sum in float64, round otherwise. */
const ROUNDING = 1e-3;

const toleranceOf = ({ math }: BackendFactory) => (math === 'fast' ? ROUNDING : 0);

/** Builds of a workload must agree, the exact ones to the bit. */
function checkAgreement(name: string, losses: readonly number[], others: readonly number[], tolerance: number): void {
  losses.forEach((loss, i) => {
    const other = others[i]!;
    if (Math.abs(loss - other) <= tolerance * Math.abs(other)) return;
    throw new Error(`${name} computes something else: in step ${i + 1} its loss is ${loss}, not ${other}.`);
  });
}

export function trainingCases(
  workload: Workload,
  builds: Readonly<Record<string, BackendFactory>>,
): readonly StepCase[] {
  const { name, layers, batch, checkSteps, loops = false, quick = false } = workload;
  let batches: readonly Batch[] | undefined;
  const checked: { losses: readonly number[]; tolerance: number }[] = [];
  const make = (build: string, makeTrainee: () => Trainee, tolerance: number, threads = 1): StepCase => ({
    name: `step ${name} ${build}`,
    quick,
    workload: name,
    build,
    threads,
    rows: batch,
    flops: stepFlops(layers, batch),
    prepare() {
      batches ??= problemFor(workload, BATCHES);
      const data = batches;
      const trainee = makeTrainee();
      const losses = checkLearning(this.name, trainee, data, checkSteps);
      for (const other of checked) {
        checkAgreement(this.name, losses, other.losses, Math.max(tolerance, other.tolerance));
      }
      checked.push({ losses, tolerance });
      // From here on weights stay, so that the thousandth step computes with the same numbers as the first.
      trainee.learningRate = 0;
      let next = 0;
      return () => {
        trainee.train(data[next]!);
        next = (next + 1) % BATCHES;
      };
    },
  });
  return [
    ...Object.entries(builds).map(([build, factory]) =>
      make(build, () => modelTrainee(workload, factory), toleranceOf(factory), factory.threads),
    ),
    ...(loops ? [make('loops', () => loopsTrainee(workload), ROUNDING)] : []),
  ];
}

function inferenceCases(inference: Inference, builds: Readonly<Record<string, BackendFactory>>): readonly StepCase[] {
  const { name, net, rows, quick = false } = inference;
  let agreed: Float32Array | undefined;
  return Object.entries(builds).map(([build, factory]) => ({
    name: `step ${name} ${build}`,
    quick,
    workload: name,
    build,
    threads: factory.threads,
    rows,
    flops: forwardFlops(net.layers, rows),
    prepare() {
      const [batch] = problemFor({ ...net, batch: rows }, 1);
      const x = batch!.x;
      const model = makeModel(net, factory);
      const { data, columns } = model.predict(x);
      for (let r = 0; r < rows; r++) {
        const sum = data.subarray(r * columns, (r + 1) * columns).reduce((a, b) => a + b, 0);
        if (!(Math.abs(sum - 1) < 1e-5)) throw new Error(`${this.name}: the probabilities of row ${r} sum to ${sum}.`);
      }
      const limit = toleranceOf(factory);
      if (agreed?.some((value, i) => Math.abs(value - data[i]!) > limit))
        throw new Error(`${this.name} computes something else.`);
      agreed ??= data;
      const input = matrix(x.data, rows, x.columns);
      return () => {
        model.predict(input);
      };
    },
  }));
}

export function stepCases(builds: Readonly<Record<string, BackendFactory>>): readonly StepCase[] {
  return [
    ...workloads.flatMap((workload) => trainingCases(workload, builds)),
    ...inferences.flatMap((inference) => inferenceCases(inference, builds)),
  ];
}

export function stepRow({ workload, build, threads, rows, flops }: StepCase, us: number, peak: number): StepRow {
  return {
    workload,
    build,
    threads,
    usPerStep: us,
    samplesPerSecond: (rows / us) * 1e6,
    shareOfPeak: flops / us / 1e3 / peak,
  };
}
