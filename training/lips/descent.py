"""A network on its way down a loss: its rate, the mean of its weights, and its checkpoints."""

import copy
import math
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

WARM_STEPS: Final = 100
AVERAGE: Final = 0.998


class Descent:
    """A network, its optimiser, the running mean of its weights, and where the training stands."""

    def __init__(self, network: nn.Module, steps: int, peak: float, **others: Any) -> None:
        """`peak`: the highest rate. `others`: networks and optimisers that checkpoints keep too."""
        self.steps, self.step, self.peak = steps, 0, peak
        self.network, self.mean = network, copy.deepcopy(network)
        self.optimiser = torch.optim.AdamW(network.parameters(), peak, weight_decay=1e-4)
        self._parts = {
            "network": network,
            "mean": self.mean,
            "optimiser": self.optimiser,
        } | others

    @property
    def done(self) -> float:
        """Share of the way, 0 to 1."""
        return self.step / self.steps

    def down(self, loss: torch.Tensor) -> None:
        """One step."""
        decay = 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * self.done))
        for group in self.optimiser.param_groups:
            group["lr"] = self.peak * min(1, (self.step + 1) / WARM_STEPS) * decay
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        rate = min(AVERAGE, 1 - 1 / (self.step + 2))
        with torch.no_grad():
            for a, b in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                a.lerp_(b, 1 - rate)
        self.step += 1

    def save(self, path: Path) -> None:
        """Write all that a run goes on from."""
        part = path.with_suffix(".part")
        states = {name: one.state_dict() for name, one in self._parts.items()}
        torch.save({"step": self.step} | states, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint, where there is one."""
        if path.exists():
            state = torch.load(path, weights_only=True)
            self.step = state.pop("step")
            for name, values in state.items():
                self._parts[name].load_state_dict(values)
