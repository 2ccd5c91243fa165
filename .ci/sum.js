// Says what failed in vitest's reports, and sums them up in the last line: node .ci/sum.js STATUS REPORT...
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
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0 && message) console.log(`FAILED ${basename(name)}: ${message}`);
  for (const { fullName, failureMessages } of failed) {
    console.log(
      `FAILED ${basename(name)}: ${fullName}\n  ${failureMessages.join('\n').slice(0, 2000).replaceAll('\n', '\n  ')}`,
    );
  }
}

const sum = (name) => runs.reduce((total, run) => total + run[name], 0);
const failed = sum('numFailedTests') || (status === '0' ? 0 : 1);
console.log(`${sum('numPassedTests')} passed, ${failed} failed, ${sum('numPendingTests')} skipped`);
