#!/usr/bin/env bash
# One would guess that `heNormal` draws weights whose variance is 2 / fan-in, which is what keeps signals at their size through layers
# of relu. In TensorFlow.js 4.22.0 it draws from a normal distribution cut at two standard deviations and does not make up for what the
# cut takes away: the variance is 77% of that (78% in this draw). Keras divides the standard deviation by 0.8796 first.
# Why it matters to people who train MLPs: 0.774 a layer is 8% after ten layers, so a deep plain network starts with activations and
# gradients that fade, and weights taken for "He" in a comparison with Keras or PyTorch are not. `glorotNormal` and `leCunNormal` are
# cut likewise.
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
for (const [name, variance] of [['heNormal', 2 / 500], ['leCunNormal', 1 / 500], ['heUniform', 2 / 500]]) {
  const weights = layers.initializers[name]({ seed: 1 }).apply([500, 500]);
  const share = tf.moments(weights).variance.dataSync()[0] / variance;
  console.log(`${name}: ${share.toFixed(2)} of the variance of its definition`);
}
JS
seen=$(node "$folder/run.mjs" 2>/dev/null)
echo "TensorFlow.js 4.22.0, CPU backend:"
echo "$seen"
[ "$seen" = "heNormal: 0.78 of the variance of its definition
leCunNormal: 0.78 of the variance of its definition
heUniform: 1.00 of the variance of its definition" ]
