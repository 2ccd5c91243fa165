#!/usr/bin/env bash
# One would guess that an optimizer leaves a weight alone whose gradient is 0, and that epsilon is there so that nothing is divided
# by 0. In TensorFlow.js 4.22.0 `rmsprop` with `centered: true` has epsilon with the other sign: it divides by the root of the variance
# minus epsilon, so a gradient of 0 makes the weight NaN in the first step.
# Why it matters to people who train MLPs: a unit of relu that no row activates has gradients of exactly 0, as have the weights of a
# column that is 0 in the batch. With `centered` one such unit makes the whole network NaN; without it nothing happens.
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
for (const centered of [false, true]) {
  const weight = tf.variable(tf.scalar(1));
  const optimizer = tf.train.rmsprop(0.01, 0.9, 0, 1e-7, centered);
  optimizer.minimize(() => tf.mul(weight, tf.scalar(0)));
  console.log(`centered ${centered}: weight ${weight.dataSync()[0]} after a gradient of 0`);
}
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "centered false: weight 1 after a gradient of 0
centered true: weight NaN after a gradient of 0" ]
