"""Activations at ordinary, at large and at float32 arguments."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.activations import ACTIVATIONS


def activation_targets() -> Iterator[dict[str, Any]]:
    """Yield three targets an activation."""
    rng = np.random.default_rng(11)
    for act in ACTIVATIONS.values():
        name = type(act).__name__
        x = rng.normal(scale=2.0, size=(5, 7))
        yield {"adapt": "activation", "name": name, "act": act, "x": x}
        yield {"adapt": "activation", "name": f"{name}[tails]", "act": act, "x": 12 * rng.normal(size=(2, 3, 5))}
        yield {"adapt": "activation", "name": f"{name}[float32]", "act": act, "x": x[:3].astype(np.float32)}
