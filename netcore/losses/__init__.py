"""Losses: `loss(y, y_hat)`, and `loss.grad(y, y_hat)`, the exact derivative of what the call returns."""

from collections.abc import Mapping

from netcore.losses.logloss import LogLoss
from netcore.losses.mse import MSE
from netcore.protocol import Loss

LOSSES: Mapping[str, Loss] = {"mse": MSE(), "logloss": LogLoss()}

__all__ = ["LOSSES", "MSE", "LogLoss"]
