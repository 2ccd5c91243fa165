// What `myelin/worker` is to development servers that bundle dependencies beforehand: they move port.js away from the script
// and leave its address as it stands, but find the script where it is imported.

import { findScriptBy } from './port.js';

findScriptBy(async () => (await import(/* webpackIgnore: true */ '../../build/worker-host.js')).place);

export * from './index.js';
