# What bench/tabular-time.js compares with: scikit-learn's MLPClassifier on adult, its training alone, seconds of processor
# and clock. Arguments: file, layers, batch size, epochs, float64 or float32.
import csv
import json
import sys
import time
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.simplefilter('ignore')
path, layers, batch, epochs, dtype = sys.argv[1:]
with open(path) as file:
    rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
numeric = [0, 2, 4, 10, 11, 12]
numbers = np.array([[float(row[c]) for c in numeric] for row in rows])
texts = np.array([[row[c] for c in range(14) if c not in numeric] for row in rows])
x = np.hstack([StandardScaler().fit_transform(numbers), OneHotEncoder().fit_transform(texts).toarray()])
y = np.array([row[14] for row in rows])
# A tenth of the rows is held out, as by Myelin.
train = np.random.default_rng(0).permutation(len(rows))[: len(rows) * 9 // 10]
x, y = np.ascontiguousarray(x[train].astype(dtype)), y[train]
net = MLPClassifier(
    tuple(int(units) for units in layers.split(',')), batch_size=int(batch), max_iter=int(epochs), n_iter_no_change=1000
)
processor, clock = time.process_time(), time.perf_counter()
net.fit(x, y)
print(json.dumps({'cpu': time.process_time() - processor, 'wall': time.perf_counter() - clock, 'columns': x.shape[1]}))
