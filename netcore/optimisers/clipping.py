"""Keep the gradient of all parameters together from being too long."""

import math

import numpy as np

from netcore.protocol import Array, Params


def clip_by_norm(grads: Params, largest: float) -> tuple[dict[str, Array], float]:
    """Return the gradients, scaled so that their joint Euclidean norm is at most `largest`, and what it was before.

    Args:
        grads: any mapping of arrays; not modified.
        largest: > 0.

    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".

    Example:
        >>> clipped, norm = clip_by_norm({"W": np.array([3.0, 4.0])}, 1.0)
        >>> clipped["W"].round(3).tolist(), norm
        ([0.6, 0.8], 5.0)
    """
    norm = math.hypot(*(_norm(g) for g in grads.values()))
    scale = largest / norm if norm > largest else 1.0
    return {name: g * scale if scale < 1 else g for name, g in grads.items()}, norm


def _norm(g: Array) -> float:
    """Return the norm of one array, the largest entry taken out first: its square may overflow where it does not."""
    largest = float(np.max(np.abs(g), initial=0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    unit = g / largest
    return largest * math.sqrt(float(np.vdot(unit, unit).real))
