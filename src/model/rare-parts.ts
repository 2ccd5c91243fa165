import { applyAverage, copyAverages } from '../engine/rare/averaged-weights.js';
import { findTrouble, keepLasting, troubleOf } from '../engine/rare/non-finite.js';
import { programText } from '../engine/rare/program-text.js';
import { summarize } from '../engine/rare/summary.js';
import { chooseTrainable, tabulate } from '../engine/rare/trainable.js';
import { planUpdate } from '../engine/rare/update-plan.js';
import * as functionNames from '../nn/rare/function-names.js';
import { labelHint } from '../nn/rare/label-hint.js';
import { gradientsOf } from '../passes/rare/batch-gradients.js';
import { updateMovingMoments } from '../passes/rare/moments.js';
import { checkOutput, predictGraph } from '../passes/rare/predict-graph.js';
import { refusal } from '../passes/rare/refusal.js';
import { compileMoments } from '../program/rare/moments-program.js';
import type { RareParts } from '../rare.js';

/** All parts, which backends bring along. */
export const rareParts: RareParts = {
  applyAverage,
  checkOutput,
  chooseTrainable,
  compileMoments,
  copyAverages,
  findTrouble,
  functionNames,
  gradientsOf,
  keepLasting,
  labelHint,
  planUpdate,
  predictGraph,
  programText,
  refusal,
  summarize,
  tabulate,
  troubleOf,
  updateMovingMoments,
};
