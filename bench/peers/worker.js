// Runs one adapter for the driver. Each line on standard input is a request, each line on standard output its reply;
// adapters/steps.py does the same in Python. Between requests it sleeps.
import { createInterface } from 'node:readline';
import { readProblem } from './problem.js';
import { Unsupported } from './steps.js';

const [adapter, options] = process.argv.slice(2);
for (const name of ['log', 'info', 'warn']) console[name] = console.error;

let trainee;

async function answer({ op, file, count }) {
  if (op === 'prepare') {
    const { prepare } = await import(new URL(`adapters/${adapter}`, import.meta.url));
    trainee = await prepare(readProblem(file), JSON.parse(options));
    return { differs: trainee.differs };
  }
  if (op === 'steps') {
    const ms = await trainee.steps(count);
    return { ms, loss: trainee.loss() };
  }
  if (op === 'freeze') {
    trainee.freeze?.();
    return {};
  }
  throw new Error(`unknown request ${op}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error) =>
    error instanceof Unsupported ? { unsupported: error.message } : { error: String(error) },
  );
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit();
