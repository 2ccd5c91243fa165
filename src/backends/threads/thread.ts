// The script thread.js. Who imports it elsewhere than in a thread learns where it lies, and starts nothing.

import { startedAs } from './scripts.js';
import { serve } from './serve.js';

export const place: string | undefined = import.meta.url;

if (startedAs('myelin-thread')) serve();
