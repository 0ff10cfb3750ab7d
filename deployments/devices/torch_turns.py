"""Turns of others' networks at torch's own random numbers.

Libraries that draw from torch's global generators give the same for the same seed only if nobody
else draws in between. The generators belong to the process, so the lock does too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

from deployments.devices.torch_device import TorchDevice, free_memory
from media.errors import AvatarError

_TURN = Lock()


@contextmanager
def turn(on: TorchDevice, seed: int) -> Iterator[None]:
    """Draw from `seed`, alone, without gradients; the generators are left as they were.

    Raises AvatarError `overloaded` where the memory is full.
    """
    devices = [on.device] if on.is_cuda else []
    with _TURN:
        try:
            with torch.random.fork_rng(devices=devices), torch.no_grad():
                torch.manual_seed(seed)
                yield
            return
        except torch.OutOfMemoryError:
            pass
        # Outside the handler: its traceback holds the tensors that did not fit.
        free_memory()
    raise AvatarError("overloaded", "The GPU's memory is full: try again in a moment.")
