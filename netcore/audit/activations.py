"""Activations at ordinary, at large and at float32 arguments."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.activations import ACTIVATIONS, CELU, ELU, LeakyReLU, Softplus
from netcore.audit.naming import label


def activation_targets() -> Iterator[dict[str, Any]]:
    """Yield three targets an activation."""
    rng = np.random.default_rng(11)
    for act in ACTIVATIONS.values():
        name = type(act).__name__
        x = rng.normal(scale=2.0, size=(5, 7))
        yield {"adapt": "activation", "name": name, "act": act, "x": x}
        yield {"adapt": "activation", "name": f"{name}[tails]", "act": act, "x": 12 * rng.normal(size=(2, 3, 5))}
        yield {"adapt": "activation", "name": f"{name}[float32]", "act": act, "x": x[:3].astype(np.float32)}
    for act in (LeakyReLU(0.3), ELU(0.7), CELU(2.5), Softplus(3.0)):  # other hyper-parameters than the registry's
        yield {"adapt": "activation", "name": label(act), "act": act, "x": rng.normal(scale=2.0, size=(3, 5))}
