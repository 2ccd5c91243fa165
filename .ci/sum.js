// Says what failed in vitest's reports, at first or for good, and sums them up in the last line: node .ci/sum.js STATUS REPORT...
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const [status, ...files] = process.argv.slice(2);
const runs = [];
for (const file of files) {
  try {
    runs.push(JSON.parse(readFileSync(file)));
  } catch (error) {
    console.log(`FAILED ${error.message}`);
  }
}

for (const { name, message, assertionResults } of runs.flatMap(({ testResults }) => testResults)) {
  const troubled = assertionResults.filter(({ failureMessages }) => failureMessages.length > 0);
  if (message && !troubled.some(({ status }) => status === 'failed'))
    console.log(`FAILED ${basename(name)}: ${message}`);
  for (const { fullName, status, failureMessages } of troubled) {
    const verdict = status === 'failed' ? 'FAILED' : 'FAILED AT FIRST';
    const messages = failureMessages.join('\n').slice(0, 2000).replaceAll('\n', '\n  ');
    console.log(`${verdict} ${basename(name)}: ${fullName}\n  ${messages}`);
  }
}

const sum = (name) => runs.reduce((total, run) => total + run[name], 0);
const failed = sum('numFailedTests') || (status === '0' ? 0 : 1);
console.log(`${sum('numPassedTests')} passed, ${failed} failed, ${sum('numPendingTests')} skipped`);
