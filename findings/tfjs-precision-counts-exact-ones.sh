#!/usr/bin/env bash
# One would guess that the metric `precision` of a model that ends in a sigmoid takes an output above 0.5 for a positive, as Keras
# does and as `binaryAccuracy` does in the same library. In TensorFlow.js 4.22.0 it counts outputs that equal 1 exactly. A model whose
# accuracy is 100% has a precision of 0.
# Why it matters to people who train MLPs: `compile({ metrics: ['precision'] })` is accepted and the history shows 0 for all epochs.
# Early stopping by it ends at once, and a reader of the curve looks for the fault in the data.
# Needs npm and Node 20 or later. Exits with 1 where the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-save --no-package-lock --silent \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-layers@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0

cat >"$folder/run.mjs" <<'JS'
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
const layer = layers.layers.dense({ units: 1, activation: 'sigmoid', useBias: false, inputShape: [1] });
const model = layers.sequential({ layers: [layer] });
layer.setWeights([tf.tensor2d([[3]])]);
model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy', metrics: ['binaryAccuracy', 'precision'] });
const [, accuracy, precision] = model.evaluate(tf.tensor2d([[2], [1], [-1], [-2]]), tf.tensor2d([[1], [1], [0], [0]]));
console.log(`outputs ${model.predict(tf.tensor2d([[2], [1]])).arraySync().map(([v]) => v.toFixed(2)).join(' and ')} for the positives`);
console.log(`accuracy ${accuracy.dataSync()[0]}, precision ${precision.dataSync()[0]}`);
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "outputs 1.00 and 0.95 for the positives
accuracy 1, precision 0" ]
