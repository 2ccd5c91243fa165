import { type Makers, makers } from '../kernels/makers.js';
import { optimizerTable, type UpdateSpec } from '../kernels/tables.js';
import * as initializers from './initializers/initializers.js';
import * as classification from './metrics/classification.js';
import * as regression from './metrics/regression.js';
import * as averaging from './optimizers/averaging.js';
import { lbfgs } from './optimizers/lbfgs.js';
import * as schedules from './optimizers/schedules.js';
import * as regularizers from './regularizers.js';

// These registries hold everything by name, as kernels/tables.ts does.

export type OptimizerSpec = UpdateSpec | ReturnType<typeof lbfgs>;
export const allOptimizers = /* @__PURE__ */ Object.assign({}, optimizerTable, { lbfgs });

export type InitializerTable = Makers<typeof initializers>;
export const initializerTable: InitializerTable = /* @__PURE__ */ makers<typeof initializers>(initializers);

export const regularizerTable = /* @__PURE__ */ makers<typeof regularizers>(regularizers);

export const averagingTable = /* @__PURE__ */ makers<typeof averaging>(averaging);

export const metricTable = /* @__PURE__ */ makers<typeof classification & typeof regression>(
  classification,
  regression,
);

function schedulesOf({ constantRate, ...others }: Makers<typeof schedules>) {
  const { cosineDecay, cosineDecayRestarts, polynomialDecay, ...named } = others;
  return { constant: constantRate, ...named };
}

export const scheduleTable = /* @__PURE__ */ schedulesOf(/* @__PURE__ */ makers<typeof schedules>(schedules));
