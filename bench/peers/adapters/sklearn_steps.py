import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier
from steps import Unsupported, serve

warnings.filterwarnings("ignore")


class Classifier:
    def __init__(self, problem):
        workload, widths = problem.workload, problem.widths
        if "dropout" in workload:
            raise Unsupported("no batch normalization, dropout or clipping")
        self.problem = problem
        self.predicts = workload["kind"] == "predict"
        self.differs = []
        self.classes = np.arange(max(2, widths[-1]))
        optimizer = workload["optimizer"]
        self.model = MLPClassifier(
            hidden_layer_sizes=widths[1:-1],
            activation=workload["hidden"],
            solver=optimizer["name"],
            alpha=0,
            batch_size=workload["batch"],
            learning_rate_init=optimizer["learningRate"],
            momentum=optimizer.get("momentum", 0),
            nesterovs_momentum=False,
            shuffle=False,
            random_state=5,
        )
        self.batches = [(x.copy(), y.astype(int)) for x, y in problem.batches]
        self.probabilities = None
        # Its first step draws weights and makes the optimizer.
        self.model.partial_fit(*self.batches[0], self.classes)
        if self.model.n_outputs_ == widths[-1]:
            self.start()
        else:
            self.differs.append("one logistic output for two classes")

    def start(self):
        """Puts the problem's weights in the places of its own and sets the optimizer back."""
        for weights, kernel in zip(self.model.coefs_, self.problem.kernels):
            weights[:] = kernel
        for biases in self.model.intercepts_:
            biases[:] = 0
        optimizer = self.model._optimizer
        for name in ("ms", "vs", "velocities"):
            for state in getattr(optimizer, name, []):
                state[:] = 0
        if hasattr(optimizer, "t"):
            optimizer.t = 0

    def step(self, i):
        x, y = self.batches[i % len(self.batches)]
        if self.predicts:
            self.probabilities = self.model.predict_proba(x)
        else:
            self.model.partial_fit(x, y)

    def loss(self):
        return self.problem.batch_loss(self.probabilities) if self.predicts else self.model.loss_

    def freeze(self):
        optimizer = self.model._optimizer
        optimizer.learning_rate_init = 0
        optimizer.learning_rate = 0


serve(sklearn.__version__, Classifier)
