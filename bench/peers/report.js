import { cpus } from 'node:os';
import { LEARNS } from './measure.js';
import { pinned } from './subject.js';

export function describeMachine(libraries, args) {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    pinned,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    command: ['npm start', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    versions: Object.fromEntries(libraries.map(({ name, version }) => [name, version])),
  };
}

export function toJson(results, machine) {
  const rows = results
    .filter(({ short }) => short !== '')
    .map(({ library, workload, usPerStep = null, differs, short, failure }) => ({
      library: library.name,
      workload: workload.name,
      usPerStep,
      samplesPerSecond: usPerStep === null ? null : (workload.batch / usPerStep) * 1e6,
      differs: failure === undefined ? differs.join('; ') || null : `${short}: ${failure}`,
    }));
  return `${JSON.stringify({ rows, machine }, null, 2)}\n`;
}

/** Three digits or all whole ones. */
function digits(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** Microseconds per step in Markdown: a row per library, a column per workload, footnotes for what differs. */
export function formatReport(results, machine) {
  const libraries = [...new Set(results.map(({ library }) => library))];
  const workloads = [...new Set(results.map(({ workload }) => workload))];
  const find = (library, workload) =>
    results.find((result) => result.library === library && result.workload === workload);
  const notes = [];
  const mark = (text) => {
    if (!notes.includes(text)) notes.push(text);
    return `*${notes.indexOf(text) + 1}`;
  };
  const cell = (library, workload) => {
    const { usPerStep, differs, short, failure } = find(library, workload);
    if (failure !== undefined) return short === '' ? '' : `${short} ${mark(failure)}`;
    const own = find(libraries[0], workload).usPerStep;
    const ratio = libraries[0].name === 'myelin' && own ? ` (${digits(usPerStep / own)}x)` : '';
    return `${digits(usPerStep)}${ratio}${differs.length > 0 ? ` ${mark(differs.join('; '))}` : ''}`;
  };
  const shown = libraries.filter((library) => workloads.some((workload) => find(library, workload).short !== ''));
  const rows = shown.map((library) => [library.name, ...workloads.map((workload) => cell(library, workload))]);
  const left = results
    .filter(({ short }) => short === '')
    .map(({ library, workload, failure }) => ({ workload, reason: `${library.name}: ${failure}` }));
  const reasons = [...new Set(left.map(({ reason }) => reason))].map((reason) => {
    const names = left.filter((item) => item.reason === reason).map(({ workload }) => workload.name);
    return `- ${reason} (${names.join('; ')})`;
  });
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    'Microseconds per step, and in parentheses how many times as long as Myelin.',
    '',
    line(['', ...workloads.map(({ name }) => name)]),
    line(['---', ...workloads.map(() => '---:')]),
    ...rows.map(line),
    '',
    ...notes.map((note, i) => `- *${i + 1} ${note}`),
    ...(reasons.length > 0 ? ['', 'Left out:', '', ...reasons] : []),
    '',
    `${machine.cpu}, ${machine.pinned ? 'one core' : 'not pinned'}, Node ${machine.node}, ${machine.date}, ` +
      `\`${machine.command}\`. ${shown.map(({ name, version }) => `${name} ${version}`).join('; ')}.`,
    `All train from the same weights on the same data; before it was timed, each lowered the loss of the first batch ` +
      `below ${LEARNS} of what it was, and those without a mark about what they compute had Myelin's losses.`,
  ].join('\n');
}
