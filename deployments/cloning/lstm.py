"""A stack of LSTM layers in numpy (Hochreiter and Schmidhuber 1997; torch's order of gates)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Weights of one layer: gates are rows in the order in, forget, cell, out."""

    of_input: Array
    """(4 hidden, inputs)."""
    of_state: Array
    """(4 hidden, hidden)."""
    bias: Array
    """(4 hidden,): both of torch's, added."""


def last_state(layers: Sequence[Layer], sequences: Array) -> Array:
    """What the last layer says at the end: (n, steps, inputs) to (n, hidden)."""
    for layer in layers:
        sequences = _states(layer, sequences)
    return sequences[:, -1]


def _states(layer: Layer, sequences: Array) -> Array:
    """A layer's output at all steps: (n, steps, inputs) to (n, steps, hidden).

    One step needs the one before it, so time is a loop; in each step all sequences go at once.
    """
    n, steps, _ = sequences.shape
    size = layer.of_state.shape[1]
    given = sequences @ layer.of_input.T + layer.bias
    recurrent = np.ascontiguousarray(layer.of_state.T)
    state: Array = np.zeros((n, size), np.float32)
    cell: Array = np.zeros((n, size), np.float32)
    out = np.empty((n, steps, size), np.float32)
    for t in range(steps):
        gates = given[:, t] + state @ recurrent
        open_in, forget, open_out = (expit(gates[:, k * size : (k + 1) * size]) for k in (0, 1, 3))
        cell = np.asarray(forget * cell + open_in * np.tanh(gates[:, 2 * size : 3 * size]))
        state = np.asarray(open_out * np.tanh(cell))
        out[:, t] = state
    return out
