// A worker that says it is ready and ends at the first message.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => process.exit(3));
parentPort.postMessage({ type: 'ready' });
