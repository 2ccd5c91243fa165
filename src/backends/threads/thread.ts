// This is the script thread.js. Importing it outside a thread gives its address, and starts nothing.

import { startedAs } from './scripts.js';
import { serve } from './serve.js';

export const place: string | undefined = import.meta.url;

if (startedAs('myelin-thread')) serve();
