#!/usr/bin/env bash
# One would guess that a frozen batch normalization does what it does in prediction: `trainable = false` keeps its moving moments and
# normalizes by them, as in Keras since TensorFlow 2. In TensorFlow.js 4.22.0 it goes on normalizing by the batch, and its moving mean
# and variance go on following the data.
# Why it matters to people who train MLPs: a new head on a frozen network changes that network. Its predictions for the old task move
# with every step of training on the new data, although no weight of it was to change.
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
const normalization = layers.layers.batchNormalization({ inputShape: [1] });
const model = layers.sequential({ layers: [normalization, layers.layers.dense({ units: 1 })] });
normalization.trainable = false;
model.compile({ optimizer: tf.train.sgd(0.01), loss: 'meanSquaredError' });
const [x, y] = [tf.tensor2d([[8], [10], [12], [10]]), tf.zeros([4, 1])];
const moments = () => normalization.getWeights().slice(2).map((w) => w.dataSync()[0].toFixed(3)).join(' and ');
const before = moments();
await model.fit(x, y, { epochs: 100, verbose: 0 });
console.log(`moving mean and variance: ${before} before, ${moments()} after 100 steps`);
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "moving mean and variance: 0.000 and 1.000 before, 6.340 and 1.634 after 100 steps" ]
