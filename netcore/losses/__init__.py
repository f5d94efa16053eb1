"""Losses: `loss(y, y_hat)`, and `loss.grad(y, y_hat)`, the exact derivative of what the call returns."""

from collections.abc import Mapping

from netcore.losses.cross_entropy import NLL, CrossEntropy
from netcore.losses.ctc import CTC
from netcore.losses.distances import Contrastive, Cosine
from netcore.losses.hinge import Hinge, SquaredHinge
from netcore.losses.kl import KL
from netcore.losses.logits import Focal, LogLossWithLogits
from netcore.losses.logloss import LogLoss
from netcore.losses.mae import MAE, Huber, LogCosh, SmoothL1
from netcore.losses.mse import MSE
from netcore.losses.poisson import Poisson
from netcore.losses.quantile import Quantile
from netcore.losses.weighted import Weighted
from netcore.protocol import Loss

LOSSES: Mapping[str, Loss] = {
    "mse": MSE(),
    "mae": MAE(),
    "huber": Huber(),
    "smooth_l1": SmoothL1(),
    "log_cosh": LogCosh(),
    "quantile": Quantile(),
    "poisson": Poisson(),
    "logloss": LogLoss(),
    "logloss_with_logits": LogLossWithLogits(),
    "focal": Focal(),
    "hinge": Hinge(),
    "squared_hinge": SquaredHinge(),
    "cross_entropy": CrossEntropy(),
    "nll": NLL(),
    "kl": KL(),
    "cosine": Cosine(),
    "contrastive": Contrastive(),
    "ctc": CTC(),
}

__all__ = [
    "CTC",
    "KL",
    "LOSSES",
    "MAE",
    "MSE",
    "NLL",
    "Contrastive",
    "Cosine",
    "CrossEntropy",
    "Focal",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "LogLossWithLogits",
    "Poisson",
    "Quantile",
    "SmoothL1",
    "SquaredHinge",
    "Weighted",
]
