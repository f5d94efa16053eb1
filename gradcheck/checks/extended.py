"""The same target in extended precision: 64 bits where numpy's longdouble has them and the code keeps them."""

from __future__ import annotations

import numpy as np

from gradcheck.checks.trial import Trial
from gradcheck.norms import all_finite
from gradcheck.pieces import LARGE
from gradcheck.point import differentiable

__all__ = ["EXTENDED", "extended_trial"]

EXTENDED = 1e-17  # spacings below are those of extended precision


def extended_trial(trial: Trial) -> Trial | None:
    """Return a float64 target in extended precision, made once; None where the machine or the function has none."""
    if not trial.wider:
        trial.wider.append(_made(trial))
    found: Trial | None = trial.wider[0]
    return found


def _made(trial: Trial) -> Trial | None:
    ours = [value for value in trial.values if differentiable(value)]
    if np.finfo(np.longdouble).eps > EXTENDED or any(value.dtype != np.float64 for value in ours):
        return None
    if sum(value.size for value in ours) > LARGE:
        return None
    values = [v.astype(np.longdouble) if differentiable(v) else v for v in trial.values]
    shadow = Trial(trial.target, trial.settings, values)
    shadow.protect = trial.protect
    try:
        y0 = shadow.y0
    except Exception:  # many functions take float64 only
        return None
    kept = y0.dtype == np.longdouble and y0.shape == trial.y0.shape and all_finite(y0)
    return shadow if kept else None
