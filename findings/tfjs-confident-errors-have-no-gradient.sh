#!/usr/bin/env bash
# One would guess that the rows which a classifier gets most wrong teach it most: the gradient of softmax and cross-entropy by the
# logits is prediction minus label, which is largest there. In TensorFlow.js 4.22.0 `categoricalCrossentropy` and
# `binaryCrossentropy` clip the probabilities to [1e-7, 1 - 1e-7] first, and the derivative of a clipped number is 0: a row that
# is wrong by logits some 17 apart has a loss of 16 and no gradient at all.
# Why it matters to people who train MLPs: after one step that was too large (a high learning rate, features that were not scaled) such a
# network stays wrong for ever, with a constant loss. Keras takes the logits from the softmax before it and is not stuck. Outside of
# TensorFlow.js's named losses, `softmaxCrossEntropy` of logits learns.
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
for (const [loss, activation, weights, target] of [
  ['categoricalCrossentropy', 'softmax', [[40, 0, 0]], [[0, 1, 0]]],
  ['binaryCrossentropy', 'sigmoid', [[40]], [[0]]],
]) {
  const layer = layers.layers.dense({ units: target[0].length, activation, useBias: false, inputShape: [1] });
  const model = layers.sequential({ layers: [layer] });
  layer.setWeights([tf.tensor2d(weights)]);
  model.compile({ optimizer: tf.train.sgd(1), loss });
  const { history } = await model.fit(tf.tensor2d([[1]]), tf.tensor2d(target), { epochs: 5, verbose: 0 });
  console.log(`${loss}: loss ${history.loss.map((v) => v.toFixed(1)).join(' ')}, weights ${layer.getWeights()[0].dataSync()}`);
}
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "categoricalCrossentropy: loss 16.1 16.1 16.1 16.1 16.1, weights 40,0,0
binaryCrossentropy: loss 15.9 15.9 15.9 15.9 15.9, weights 40" ]
