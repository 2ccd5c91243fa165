import torch
from steps import serve
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(5)


def make_net(problem):
    """All layers up to the logits."""
    workload, widths = problem.workload, problem.widths
    hidden = {"relu": nn.ReLU, "tanh": nn.Tanh}[workload["hidden"]]
    layers = []
    for i, kernel in enumerate(problem.kernels):
        dense = nn.Linear(widths[i], widths[i + 1])
        with torch.no_grad():
            dense.weight.copy_(torch.from_numpy(kernel.T.copy()))
            dense.bias.zero_()
        layers.append(dense)
        if i == len(problem.kernels) - 1:
            break
        if "dropout" in workload:
            layers += [nn.BatchNorm1d(widths[i + 1]), hidden(), nn.Dropout(workload["dropout"])]
        else:
            layers.append(hidden())
    return nn.Sequential(*layers)


class Predictor:
    differs = []

    def __init__(self, problem):
        self.problem = problem
        self.net = nn.Sequential(make_net(problem), nn.Softmax(dim=1)).eval()
        self.x = torch.from_numpy(problem.batches[0][0].copy())
        self.probabilities = None

    def step(self, _):
        with torch.inference_mode():
            self.probabilities = self.net(self.x)

    def loss(self):
        return self.problem.batch_loss(self.probabilities.numpy())

    def freeze(self):
        pass


class Trainer:
    differs = []

    def __init__(self, problem):
        workload = problem.workload
        self.net = make_net(problem).train()
        optimizer = workload["optimizer"]
        if optimizer["name"] == "adam":
            self.optimizer = torch.optim.Adam(self.net.parameters(), lr=optimizer["learningRate"])
        else:
            self.optimizer = torch.optim.SGD(
                self.net.parameters(), lr=optimizer["learningRate"], momentum=optimizer.get("momentum", 0)
            )
        binary = workload["output"] == "sigmoid"
        self.criterion = nn.BCEWithLogitsLoss() if binary else nn.CrossEntropyLoss()
        self.clip_norm = workload.get("clipNorm")
        self.batches = [
            (torch.from_numpy(x.copy()), torch.from_numpy(y[:, None].copy() if binary else y.astype("int64")))
            for x, y in problem.batches
        ]
        self.last = float("nan")

    def step(self, i):
        x, y = self.batches[i % len(self.batches)]
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.criterion(self.net(x), y)
        loss.backward()
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.clip_norm)
        self.optimizer.step()
        self.last = loss.item()

    def loss(self):
        return self.last

    def freeze(self):
        for group in self.optimizer.param_groups:
            group["lr"] = 0


serve(
    torch.__version__,
    lambda problem: Predictor(problem) if problem.workload["kind"] == "predict" else Trainer(problem),
)
