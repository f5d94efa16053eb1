"""What training saw."""

import math
from dataclasses import dataclass, field


@dataclass
class History:
    """One value an epoch, and what the whole cost.

    Attributes:
        loss: on the training rows, each batch before its own update.
        validation: the loss on the validation rows after the epoch; empty without them.
        metric: of the validation rows; empty without a metric.
        seconds: of the whole training.
        hook_seconds: of these, in the hook.
        hook_calls: how many times the hook ran.
        best: epoch of the smallest validation loss, or None.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    seconds: float = 0.0
    hook_seconds: float = 0.0
    hook_calls: int = 0
    best: int | None = None


def require_finite(loss: float, when: str) -> float:
    """Return the loss.

    Raises:
        FloatingPointError: it is NaN or infinite.
    """
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"Expected a finite loss but got loss={loss} at {when}; look for NaN in X and Y, or lower the learning rate"
        )
    return loss
