"""Answers the driver's requests, as worker.js does: one line of JSON each, on standard input and output."""

import json
import sys
from time import perf_counter

import numpy as np


class Unsupported(Exception):
    """A workload that a library cannot express."""


class Problem:
    """A workload with its batches (x: rows x inputs, y: classes) and kernels (inputs x units)."""

    def __init__(self, file):
        with open(f"{file}.json", encoding="utf8") as source:
            workload = json.load(source)
        self.workload = workload
        self.widths = workload["widths"]
        values = np.fromfile(f"{file}.f32", dtype="<f4")
        at = 0

        def take(*shape):
            nonlocal at
            at += int(np.prod(shape))
            return values[at - int(np.prod(shape)) : at].reshape(shape)

        rows = workload["batch"]
        self.batches = [(take(rows, self.widths[0]), take(rows)) for _ in range(workload["batches"])]
        self.kernels = [take(*shape) for shape in zip(self.widths, self.widths[1:])]

    def batch_loss(self, probabilities):
        labels = self.batches[0][1].astype(int)
        return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def time_steps(count, step):
    """Milliseconds of `count` steps."""
    start = perf_counter()
    for i in range(count):
        step(i)
    return (perf_counter() - start) * 1e3


def serve(version, prepare):
    """`prepare(problem)` returns an object with `differs`, `step(i)`, `loss()` and `freeze()`."""
    replies = sys.stdout
    sys.stdout = sys.stderr
    trainee = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "prepare":
                trainee = prepare(Problem(request["file"]))
                reply = {"differs": trainee.differs, "version": version}
            elif request["op"] == "steps":
                reply = {"ms": time_steps(request["count"], trainee.step), "loss": float(trainee.loss())}
            elif request["op"] == "freeze":
                trainee.freeze()
                reply = {}
            else:
                raise ValueError(f"unknown request {request}")
        except Unsupported as reason:
            reply = {"unsupported": str(reason)}
        except Exception as error:  # the driver reports it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)
