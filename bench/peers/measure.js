import { Unsupported } from './steps.js';
import { Subject } from './subject.js';

/**
 * @typedef {object} Effort
 * @property {number} rounds
 * @property {number} sampleMs least duration of a sample
 * @property {number} warmUpMs
 * @property {number} budgetMs a library that has taken this long leaves after `fewest` samples
 * @property {number} fewest
 */

/** The loss of the first batch must fall below this share of what it was. */
export const LEARNS = 0.8;

/** Steps longer than this warm their caches themselves. */
const LONG_MS = 250;

class DoesNotLearn extends Error {}

function checkSame(what, value, expected, tolerance) {
  if (Math.abs(value - expected) <= tolerance * Math.abs(expected)) return;
  throw new Error(`computes something else: ${what} is ${value} where myelin's is ${expected}`);
}

/**
 * Trains for a while: the loss must fall and, where a library claims to compute what Myelin does (from the same weights,
 * on the same data), be Myelin's.
 */
async function check(subject, { kind, checkSteps, dropout }, differs, reference) {
  const { ms, loss: first } = await subject.ask('steps', { count: 1 });
  if (!Number.isFinite(first)) throw new DoesNotLearn(`its loss is ${first}`);
  const losses = { first, last: first, ms };
  if (kind === 'train') {
    losses.ms = (await subject.ask('steps', { count: checkSteps })).ms / checkSteps;
    losses.last = (await subject.ask('steps', { count: 1 })).loss;
    if (!(losses.last < LEARNS * first)) throw new DoesNotLearn(`its loss goes from ${first} to ${losses.last}`);
  }
  if (reference && differs.length === 0) {
    checkSame('the first loss', losses.first, reference.first, dropout === undefined ? 1e-3 : 0.2);
    checkSame('the last loss', losses.last, reference.last, dropout === undefined ? 0.05 : 0.5);
  }
  return losses;
}

/** Runs until compilers have had their time, then says how many steps make a sample. */
async function warmUp(subject, ms, { warmUpMs, sampleMs }) {
  let perStep = ms;
  for (let spent = 0; spent < warmUpMs && perStep < LONG_MS; ) {
    const count = Math.ceil(Math.max(1, sampleMs / Math.max(perStep, 1e-5)));
    const taken = (await subject.ask('steps', { count })).ms;
    perStep = taken / count;
    spent += taken;
  }
  return perStep;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Times all libraries at one workload, round by round, so that a slow spell of the machine falls on all alike and the
 * median passes over it.
 * @param {import('./workloads.js').Workload} workload
 * @param {string} file of the problem
 * @param {readonly import('./libraries.js').Library[]} libraries the first of them the reference
 * @param {Effort} effort
 * @returns results in the order of the libraries: `usPerStep`, or `failure` and whether it is an expected one
 */
export async function measure(workload, file, libraries, effort) {
  const entrants = [];
  const results = new Map();
  let reference;
  const fail = (library, subject, error) => {
    subject.end();
    const short = error instanceof DoesNotLearn ? 'does not learn' : error instanceof Unsupported ? '' : 'fails';
    results.set(library, { library, workload, short, failure: error.message });
  };
  try {
    for (const library of libraries) {
      const subject = new Subject(library);
      entrants.push({ library, subject });
      try {
        const { differs } = await subject.ask('prepare', { file });
        const losses = await check(subject, workload, differs, reference);
        if (library.name === 'myelin') reference = losses;
        await subject.ask('freeze');
        const ms = await warmUp(subject, losses.ms, effort);
        Object.assign(entrants.at(-1), { differs, ms, samples: [], spent: 0 });
      } catch (error) {
        entrants.pop();
        fail(library, subject, error);
      }
    }
    for (let round = 0; round < effort.rounds; round++) {
      for (const entrant of entrants) {
        const { subject, samples, ms } = entrant;
        if (entrant.spent > effort.budgetMs && samples.length >= effort.fewest) continue;
        // What ran in between has filled the caches with its own, and in training a step follows its like.
        const count = Math.ceil(effort.sampleMs / ms);
        if (ms < LONG_MS) await subject.ask('steps', { count: Math.max(2, Math.ceil(count / 2)) });
        const taken = (await subject.ask('steps', { count })).ms;
        entrant.spent += taken;
        samples.push((taken / count) * 1e3);
      }
    }
  } finally {
    for (const { subject } of entrants) subject.end();
  }
  for (const { library, differs, samples } of entrants) {
    results.set(library, { library, workload, differs: [...differs, ...library.notes], usPerStep: median(samples) });
  }
  return libraries.map((library) => results.get(library));
}
