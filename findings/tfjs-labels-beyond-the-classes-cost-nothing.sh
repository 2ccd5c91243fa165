#!/usr/bin/env bash
# One would guess that a label 5 of a network with three outputs is an error, as in PyTorch and in Keras on a CPU, or a loss that
# is NaN. In TensorFlow.js 4.22.0 `sparseCategoricalCrossentropy` turns labels into one-hot rows, and a label that is no class,
# negative ones among them, becomes a row of zeros, whose loss and gradient are 0.
# Why it matters to people who train MLPs: classes numbered from 1, or an id of a class that was not counted, lower the loss instead of
# raising an error. The network never learns those rows, and the loss looks better than it is.
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
async function loss(labels) {
  const layer = layers.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: 'zeros', inputShape: [1] });
  const model = layers.sequential({ layers: [layer] });
  model.compile({ optimizer: tf.train.sgd(0), loss: 'sparseCategoricalCrossentropy' });
  const { history } = await model.fit(tf.ones([4, 1]), tf.tensor1d(labels), { epochs: 1, verbose: 0 });
  return history.loss[0].toFixed(4);
}
for (const labels of [[0, 1, 2, 0], [0, 1, 2, 5], [0, 1, 2, -1]]) console.log(`labels ${labels}: loss ${await loss(labels)}`);
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "labels 0,1,2,0: loss 1.0986
labels 0,1,2,5: loss 0.8240
labels 0,1,2,-1: loss 0.8240" ]
