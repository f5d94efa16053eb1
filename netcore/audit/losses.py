"""Losses at predictions in their domain."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.losses import MSE, LogLoss


def loss_targets() -> Iterator[dict[str, Any]]:
    """Yield each loss with each reduction."""
    rng = np.random.default_rng(12)
    y, y_hat = rng.normal(size=(2, 5, 3))
    p, p_hat = rng.uniform(0.05, 0.95, size=(2, 5, 3))
    for reduction in ("mean", "sum"):
        label = "" if reduction == "mean" else f"[{reduction}]"
        yield {"adapt": "loss", "name": f"MSE{label}", "loss": MSE(reduction=reduction), "y": y, "y_hat": y_hat}
        yield {"adapt": "loss", "name": f"LogLoss{label}", "loss": LogLoss(reduction=reduction), "y": p, "y_hat": p_hat}
    hard = (p < 0.5).astype(float)
    yield {"adapt": "loss", "name": "LogLoss[hard]", "loss": LogLoss(), "y": hard, "y_hat": p_hat}
    single = {"y": y.astype(np.float32), "y_hat": y_hat.astype(np.float32)}
    yield {"adapt": "loss", "name": "MSE[float32]", "loss": MSE(), **single}
