"""Layers over sequences (batch, time, features)."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.audit.making import target
from netcore.layers import GRU, LSTM, RNN, Bidirectional


def sequence_targets() -> Iterator[dict[str, Any]]:
    """Yield the recurrent layers: all states and the last one, both directions."""
    for kind in (RNN, LSTM, GRU):
        name = kind.__name__
        yield target(f"{name}[3,5]", kind(3, 5), (2, 4, 3))
        yield target(f"{name}[2,3,last state]", kind(2, 3, sequences=False), (3, 5, 2))
        yield target(f"{name}[2,3,reverse]", kind(2, 3, reverse=True), (3, 5, 2))
        yield target(f"{name}[3,2,float32]", kind(3, 2), (2, 4, 3), dtype=np.float32)
        yield target(f"Bidirectional[{name}]", Bidirectional(kind(3, 2)), (2, 4, 3))
    yield target("Bidirectional[LSTM,last state]", Bidirectional(LSTM(3, 2, sequences=False)), (2, 4, 3))
