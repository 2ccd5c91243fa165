// The benchmarks that run on whichever build of the package they are bundled with.
export { coreCases } from './core.js';
export { fitWork } from './fit-cost.js';
export { savingWork } from './saving.js';
export { stagingWork } from './staging.js';
export { threadCases } from './threads.js';
export { remoteWork } from './worker.js';
