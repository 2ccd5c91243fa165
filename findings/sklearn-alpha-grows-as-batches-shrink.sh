#!/usr/bin/env bash
# One would guess that `alpha` of scikit-learn's MLPClassifier and MLPRegressor is the strength of an L2 penalty on the loss, which the
# size of a batch does not change. In scikit-learn 1.9.1 the penalty's gradient is divided by the rows of the batch: one step shrinks
# the weights by learning rate x alpha / batch size, and one epoch by that times the number of steps.
# Why it matters to people who train MLPs: from batches of 64 rows to batches of 4 the decay of an epoch grows 256 times. A batch
# size that was tuned alone tunes the regularization with it, and an alpha found there means alpha / batch size as `l2` (half the
# squared norm) in Keras or as weight decay of SGD in PyTorch.
# Needs Python 3 with venv and pip. Exits with 1 where the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check scikit-learn==1.9.1

cat >"$folder/run.py" <<'PY'
import warnings
import numpy as np
from sklearn.neural_network import MLPRegressor

warnings.simplefilter("ignore")
x, y = np.zeros((64, 4)), np.zeros(64)  # inputs of 0: nothing but the penalty moves the first layer


def norm(batch_size, alpha):
    model = MLPRegressor(hidden_layer_sizes=(8,), solver="sgd", momentum=0, learning_rate_init=0.1, alpha=alpha,
                         batch_size=batch_size, max_iter=1, random_state=1)
    return np.linalg.norm(model.fit(x, y).coefs_[0])


for batch_size in (64, 16, 4):
    kept = norm(batch_size, 0.01) / norm(batch_size, 0)
    step = 1 - kept ** (batch_size / 64)
    print(f"batches of {batch_size}: a step shrinks by {step:.3e}, rate x alpha / rows is {0.1 * 0.01 / batch_size:.3e}; "
          f"an epoch by {1 - kept:.3e}")
PY
seen=$("$folder/venv/bin/python" "$folder/run.py")
echo "scikit-learn 1.9.1:"
echo "$seen"
[ "$seen" = "batches of 64: a step shrinks by 1.563e-05, rate x alpha / rows is 1.563e-05; an epoch by 1.563e-05
batches of 16: a step shrinks by 6.250e-05, rate x alpha / rows is 6.250e-05; an epoch by 2.500e-04
batches of 4: a step shrinks by 2.500e-04, rate x alpha / rows is 2.500e-04; an epoch by 3.993e-03" ]
