"""Times 16 networks 30-64-32-2 (W2) in PyTorch on one core: a loop, and torch.func.vmap where the version has it.

Run as: taskset -c 0 /usr/bin/python3 bench/peers/lockstep.py
"""
import statistics
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(3)
MEMBERS, ROWS, ROUNDS = 16, 32, 41


def net():
    layers = [torch.nn.Linear(30, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2)]
    return torch.nn.Sequential(*layers)


def median_us(step):
    for _ in range(5):
        step()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e6 / MEMBERS)
    return statistics.median(times)


x = torch.randn(MEMBERS, ROWS, 30)
y = torch.randint(0, 2, (MEMBERS, ROWS))
nets = [net() for _ in range(MEMBERS)]
optimizers = [torch.optim.Adam(item.parameters(), lr=1e-3) for item in nets]
loss = torch.nn.functional.cross_entropy


def loop():
    for i in range(MEMBERS):
        optimizers[i].zero_grad()
        loss(nets[i](x[i]), y[i]).backward()
        optimizers[i].step()


print(f"PyTorch {torch.__version__}, a loop: {median_us(loop):.1f} us a member's step")

try:
    from torch.func import functional_call, stack_module_state, vmap
except ImportError:
    print("this version has no torch.func")
else:
    parameters, buffers = stack_module_state(nets)
    model = net().to("meta")
    optimizer = torch.optim.Adam(parameters.values(), lr=1e-3)
    forward = vmap(lambda p, b, rows: functional_call(model, (p, b), (rows,)))

    def stacked():
        optimizer.zero_grad()
        out = forward(parameters, buffers, x)
        (loss(out.reshape(-1, 2), y.reshape(-1)) * MEMBERS).backward()
        optimizer.step()

    print(f"vmap and stack_module_state: {median_us(stacked):.1f} us a member's step")
