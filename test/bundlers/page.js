import { run } from './app.js';

window.result = await run().catch((error) => ({ error: String(error) }));
