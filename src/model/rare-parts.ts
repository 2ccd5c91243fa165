import { applyAverage, copyAverages } from '../engine/rare/averaged-weights.js';
import { findTrouble, keepLasting, troubleOf } from '../engine/rare/non-finite.js';
import { programText } from '../engine/rare/program-text.js';
import { sparseProgram, stageNonZeros } from '../engine/rare/sparse-steps.js';
import { summarize } from '../engine/rare/summary.js';
import { chooseTrainable, tabulate } from '../engine/rare/trainable.js';
import { planUpdate } from '../engine/rare/update-plan.js';
import * as functionNames from '../nn/rare/function-names.js';
import { labelHint } from '../nn/rare/label-hint.js';
import { plainData } from '../nn/rare/plain-data.js';
import { applyGradients } from '../passes/rare/apply-gradients.js';
import { inspection } from '../passes/rare/gradient-program.js';
import { gradientsOf } from '../passes/rare/gradients.js';
import { layerOutputs } from '../passes/rare/layer-outputs.js';
import { updateMovingMoments } from '../passes/rare/moments.js';
import { predictClasses } from '../passes/rare/predict-classes.js';
import { checkOutput, predictGraph, predictOutputs, rowsAtOnce } from '../passes/rare/predict-graph.js';
import { refusal } from '../passes/rare/refusal.js';
import { sparseInput } from '../program/rare/sparse-input.js';
import type { RareParts } from '../rare.js';
import { areLabels, findNames, listNames, namesOf, readLabels, readNames } from '../rows/rare/class-labels.js';
import { evaluatedWeights } from '../rows/rare/evaluate-options.js';
import { readSparse } from '../rows/rare/read-sparse.js';

/** All parts, which backends bring along. */
export const rareParts: RareParts = {
  applyAverage,
  applyGradients,
  areLabels,
  checkOutput,
  chooseTrainable,
  copyAverages,
  evaluatedWeights,
  findNames,
  findTrouble,
  functionNames,
  gradientsOf,
  inspection,
  keepLasting,
  labelHint,
  layerOutputs,
  plainData,
  listNames,
  namesOf,
  planUpdate,
  predictClasses,
  predictGraph,
  predictOutputs,
  programText,
  readLabels,
  readNames,
  readSparse,
  refusal,
  rowsAtOnce,
  sparseInput,
  sparseProgram,
  stageNonZeros,
  summarize,
  tabulate,
  troubleOf,
  updateMovingMoments,
};
