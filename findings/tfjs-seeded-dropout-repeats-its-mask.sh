#!/usr/bin/env bash
# One would guess that the seed of a dropout layer makes a run repeatable: another mask at every step, the same masks in every run, as
# in Keras. In TensorFlow.js 4.22.0 the seed is used anew at every call, so the layer drops the same units of the same rows of the batch
# at every step of the whole training. Without a seed the masks change.
# Why it matters to people who train MLPs: with a seed, a unit that is dropped for row 0 of a batch is dropped for row 0 of every
# batch. The layer no longer samples subnetworks, so it does not regularize as dropout does, and nothing in the logs says so.
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
const bits = (layer) => layer.apply(tf.ones([1, 24]), { training: true }).dataSync().map((v) => (v > 0 ? 1 : 0)).join('');
for (const [label, options] of [['seed 7 ', { rate: 0.5, seed: 7 }], ['no seed', { rate: 0.5 }]]) {
  const layer = layers.layers.dropout(options);
  const masks = new Set(Array.from({ length: 10 }, () => bits(layer)));
  console.log(`${label}: ${masks.size} different masks in 10 steps`);
}
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "seed 7 : 1 different masks in 10 steps
no seed: 10 different masks in 10 steps" ]
