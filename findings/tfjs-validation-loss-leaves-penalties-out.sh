#!/usr/bin/env bash
# One would guess that `loss` and `val_loss` are the same function of other rows, as in Keras, where both hold the penalties of
# regularizers. In TensorFlow.js 4.22.0 the loss of `fit` holds them, `val_loss` and the loss of `evaluate` do not.
# Why it matters to people who train MLPs: the gap between both curves is what tells overfitting. With an L2 penalty the training loss
# stands above the validation loss by that penalty however much the network overfits, and evaluating the training rows does not give the
# loss that the history holds.
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
const layer = layers.layers.dense({ units: 1, useBias: false, inputShape: [1], kernelRegularizer: layers.regularizers.l2({ l2: 0.5 }) });
const model = layers.sequential({ layers: [layer] });
layer.setWeights([tf.tensor2d([[2]])]);
model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
const [x, y] = [tf.ones([4, 1]), tf.ones([4, 1])];
const { history } = await model.fit(x, y, { epochs: 1, verbose: 0, validationData: [x, y] });
console.log(`the same rows: loss ${history.loss}, val_loss ${history.val_loss}, evaluate ${model.evaluate(x, y).dataSync()}`);
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "the same rows: loss 3, val_loss 1, evaluate 1" ]
