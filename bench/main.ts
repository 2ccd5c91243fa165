import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { hasRelaxedSimd, typescript, wasm } from '../src/index.js';
import { convergenceCases, convergenceOf } from './convergence.js';
import { kernelCases, kernelRow } from './kernels.js';
import { type Case, type Effort, measure } from './measure.js';
import { findPeak, peakCases, peakOf } from './peak.js';
import { describeMachine, formatReport, type Report, toJson } from './report.js';
import { stepCases, stepRow } from './steps.js';

const USAGE = `npm run bench -- [--quick] [--only REGEX] [--json FILE]
  --quick  a second's smoke: few rounds, few cases
  --only   cases whose name matches, such as 'step W2' or 'kernel denseForward .* exact'; --list shows all
  --json   also writes the numbers to a file`;

const FULL: Effort = { rounds: 15, sampleMs: 1, warmUpMs: 40, budgetMs: 300, fewest: 2 };
const QUICK: Effort = { rounds: 3, sampleMs: 0.1, warmUpMs: 1, budgetMs: 10, fewest: 1 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const only = new RegExp(values.only);
const select = <T extends Case>(cases: readonly T[]): readonly T[] =>
  cases.filter((item) => only.test(item.name) && (item.quick || !quick));

const exact = await wasm();
const fast = hasRelaxedSimd() ? { fast: await wasm({ math: 'fast' }) } : {};
const builds = { exact, ...fast, typescript: typescript() };
const peaks = [...(await peakCases('exact')), ...(hasRelaxedSimd() ? await peakCases('fast') : [])];
const kernels = select(kernelCases(builds));
const steps = select(stepCases(builds));
const convergence = select(convergenceCases(exact, quick));
const cases = [...peaks, ...kernels, ...steps, ...convergence];

if (values.help) {
  console.log(USAGE);
} else if (values.list) {
  console.log(cases.map(({ name }) => name).join('\n'));
} else {
  const timings = measure(cases, quick ? QUICK : FULL);
  const peak = findPeak(peaks, timings);
  const converged = convergenceOf(convergence, timings, 'exact');
  const report: Report = {
    peak: { ...peak, ...describeMachine() },
    kernels: kernels.map((item) => kernelRow(item, timings.get(item)!, peakOf(peak, item.build))),
    steps: steps.map((item) => stepRow(item, timings.get(item)!, peakOf(peak, item.build))),
    ...(converged ? { convergence: converged } : {}),
  };
  console.log(formatReport(report));
  if (values.json !== undefined) writeFileSync(values.json, toJson(report));
}
