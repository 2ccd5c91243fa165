import { applyAverage, copyAverages } from '../engine/rare/averaged-weights.js';
import { findTrouble, keepLasting, troubleOf } from '../engine/rare/non-finite.js';
import { programText } from '../engine/rare/program-text.js';
import { summarize } from '../engine/rare/summary.js';
import { chooseTrainable, tabulate } from '../engine/rare/trainable.js';
import { planUpdate } from '../engine/rare/update-plan.js';
import * as functionNames from '../nn/rare/function-names.js';
import { labelHint } from '../nn/rare/label-hint.js';
import { applyGradients } from '../passes/rare/apply-gradients.js';
import { inspection } from '../passes/rare/gradient-program.js';
import { gradientsOf } from '../passes/rare/gradients.js';
import { layerOutputs } from '../passes/rare/layer-outputs.js';
import { updateMovingMoments } from '../passes/rare/moments.js';
import { checkOutput, predictGraph } from '../passes/rare/predict-graph.js';
import { refusal } from '../passes/rare/refusal.js';
import type { RareParts } from '../rare.js';

/** All parts, which backends bring along. */
export const rareParts: RareParts = {
  applyAverage,
  applyGradients,
  checkOutput,
  chooseTrainable,
  copyAverages,
  findTrouble,
  functionNames,
  gradientsOf,
  inspection,
  keepLasting,
  labelHint,
  layerOutputs,
  planUpdate,
  predictGraph,
  programText,
  refusal,
  summarize,
  tabulate,
  troubleOf,
  updateMovingMoments,
};
