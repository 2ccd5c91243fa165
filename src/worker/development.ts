// Development servers that bundle dependencies in advance load this file as `myelin/worker`: they move port.js away from the
// script and leave its address unchanged, but find the script where it is imported.

import { findScriptBy } from './port.js';

findScriptBy(async () => (await import(/* webpackIgnore: true */ '../../build/worker-host.js')).place);

export * from './index.js';
