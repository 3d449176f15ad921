"""PyTorch, operation by operation: gradients of the task are detached; one backward pass goes to the rule's weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, linear

from benchmarks.machine import THREADS
from benchmarks.networks import Array
from benchmarks.unrolled.problems import ADAM, SCALE, SPAN, STEPS, WINDOWS, Problem


def _quadratics(parameters: list[Any], instance: dict[str, Any], batch: Any) -> Any:
    residual = torch.bmm(instance["matrix"], parameters[0].unsqueeze(2)) - instance["target"]
    return residual.square().sum()


def _network(parameters: list[Any], instance: dict[str, Any], batch: Any) -> Any:
    kernel, bias, last_kernel, last_bias = parameters
    x, y = batch
    hidden = torch.sigmoid(torch.addmm(bias, x, kernel))
    return cross_entropy(torch.addmm(last_bias, hidden, last_kernel), y)


_LOSSES = {"quadratics": _quadratics, "network": _network}


class TorchTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.loss = problem, _LOSSES[problem.name]
        self.rule = {name: torch.tensor(value, requires_grad=True) for name, value in problem.weights.items()}
        self.first = [torch.tensor(value) for value in problem.parameters.values()]
        self.instance = {name: torch.tensor(value) for name, value in problem.instance.items()}
        x, *y = problem.samples or (np.zeros(0),)
        self.samples = [torch.from_numpy(x), *(torch.from_numpy(one).long() for one in y)]
        self.shapes = [value.shape for value in self.first]
        self.sizes = [value.numel() for value in self.first]
        self.units = problem.weights["output"].shape[1]
        self.optimizer = torch.optim.Adam(
            self.rule.values(), ADAM["learning_rate"], (ADAM["beta_1"], ADAM["beta_2"]), ADAM["epsilon"], fused=True
        )
        self.done = 0

    def train(self, runs: int) -> float:
        """Train on so many runs."""
        for _ in range(runs):
            parameters = self.first
            memory = [torch.zeros(sum(self.sizes), self.units) for _ in range(4)]
            for _ in range(WINDOWS):
                parameters, memory, loss = self._window(parameters, memory, self.problem.rows(self.done))
                self.done += 1
        return float(loss)

    def _window(self, parameters: list[Any], memory: list[Any], rows: Array) -> tuple[list[Any], list[Any], Any]:
        if self.problem.samples:
            batches: list[Any] = [[array[one] for array in self.samples] for one in torch.from_numpy(rows)]
        else:
            batches = [None] * (STEPS + 1)
        parameters = [value.detach().requires_grad_() for value in parameters]
        memory = [value.detach() for value in memory]
        total: Any = 0.0
        for batch in batches[:STEPS]:
            loss = self.loss(parameters, self.instance, batch)
            slopes = torch.autograd.grad(loss, parameters, retain_graph=True)
            total = total + loss
            changes, memory = self._changes(torch.cat([slope.reshape(-1) for slope in slopes]), memory)
            each = zip(parameters, changes.split(self.sizes), self.shapes, strict=True)
            parameters = [value + change.view(shape) for value, change, shape in each]
        loss = self.loss(parameters, self.instance, batches[STEPS])
        self.optimizer.zero_grad()
        ((total + loss) / self.problem.task.functions).backward()
        self.optimizer.step()
        return parameters, memory, loss.detach() / self.problem.task.functions

    def _changes(self, slopes: Any, memory: list[Any]) -> tuple[Any, list[Any]]:
        sizes = torch.log(slopes.abs().clamp(min=math.exp(-SPAN))) / SPAN
        x = torch.stack([sizes, (slopes * math.exp(SPAN)).clamp(-1.0, 1.0)], 1)
        new = []
        for layer in (1, 2):
            hidden, cell = memory[2 * layer - 2 : 2 * layer]
            z = linear(torch.cat([x, hidden], 1), self.rule[f"kernel_{layer}"], self.rule[f"bias_{layer}"])
            i, f, g, o = z.chunk(4, 1)
            cell = torch.sigmoid(f + 1.0) * cell + torch.sigmoid(i) * torch.tanh(g)
            x = torch.sigmoid(o) * torch.tanh(cell)
            new += [x, cell]
        return linear(x, self.rule["output"], self.rule["output_bias"])[:, 0] * SCALE, new

    def weights(self) -> dict[str, Array]:
        """Return the rule's weights."""
        return {name: value.detach().numpy() for name, value in self.rule.items()}


def prepare(problem: Problem) -> TorchTrainer:
    """Return PyTorch's training."""
    torch.set_num_threads(THREADS)
    return TorchTrainer(problem)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"torch": torch.__version__}
