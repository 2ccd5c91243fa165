#!/usr/bin/env bash
# One would guess that Adadelta's steps do not depend on the scale of the gradient: its author's point is that units cancel, and a loss
# in millimetres trains as one in metres (Zeiler 2012). In TensorFlow.js 4.22.0 the update divides by the average of squared gradients
# from before the step, which is 0 at first. With a constant gradient g
# every step is the learning rate times g.
# Why it matters to people who train MLPs: with `learningRate: 1`, the paper's value, a gradient of 1,000 moves a weight by
# 1,000, where PyTorch 1.13 moves it by 0.0045 for any g. Targets that are not scaled end in NaN with an optimizer chosen to avoid that.
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
for (const scale of [1, 1000]) {
  const weight = tf.variable(tf.scalar(0));
  const optimizer = tf.train.adadelta(1, 0.95, 1e-6);
  const path = [1, 2, 3].map(() => {
    optimizer.minimize(() => tf.mul(weight, tf.scalar(scale)));
    return weight.dataSync()[0].toFixed(3);
  });
  console.log(`gradient ${scale}: weight ${path.join(' ')}`);
}
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "gradient 1: weight -1.000 -2.000 -3.000
gradient 1000: weight -1000.000 -2000.000 -3000.000" ]
