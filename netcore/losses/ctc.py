"""Connectionist temporal classification: labels without their places in time.

A path names a class or a blank at each step; it spells the labels if they are left once repeats are merged and blanks
dropped. The loss is -log of the probability of all paths that do. With the labels laid out as l = blank, l₁, blank,
l₂, ... and p = softmax(ŷ), the sums over all beginnings and all endings of paths through place s at step t are

    α_t(s) = p_t(l_s) (α_{t-1}(s) + α_{t-1}(s-1) + [l_s is a label other than l_{s-2}] α_{t-1}(s-2))
    β_t(s) = Σ_{s'} p_{t+1}(l_s') β_{t+1}(s')  over the s' that follow s,  β at the last step 1 at the last two places

    P = Σ_s α_t(s) β_t(s)  for any t        ∂(-log P)/∂ŷ_t(k) = p_t(k) - Σ_{s: l_s = k} α_t(s) β_t(s) / P

all kept as logarithms. The loop over time is one step of the whole batch.

Source: Graves, Fernández, Gomez and Schmidhuber 2006, "Connectionist temporal classification".
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import log_softmax

from netcore.losses.reduction import Reduction, RowLoss
from netcore.protocol import Array

PADDING = -1


@dataclass(frozen=True, kw_only=True)
class CTC(RowLoss):
    """-log of the probability that logits ŷ (batch, time, classes) spell integer labels y (batch, most).

    Args:
        blank: the class that spells nothing.
        reduction: "mean" over the rows, "sum" or "none".
    Raises:
        ValueError: a label that is no class, or is the blank; -1 after the last label pads a row. Or too little time
            for the labels of a row: one step each, and one between two that are equal.

    Example:
        >>> round(CTC()(np.array([[1, 2]]), np.zeros((1, 3, 4))), 3)
        2.549
    """

    row_axes: ClassVar[int] = 2
    blank: int = 0
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return -log P (batch,)."""
        places, ends = self._lay_out(y, y_hat)
        alpha = _beginnings(_emissions(log_softmax(y_hat, axis=-1), places), _skips(places))
        return -_total(alpha, ends)

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return p_t(k) less how likely k was named at t, given the labels; (batch, time, classes)."""
        places, ends = self._lay_out(y, y_hat)
        logs = log_softmax(y_hat, axis=-1)
        emissions, skips = _emissions(logs, places), _skips(places)
        alpha = _beginnings(emissions, skips)
        beta = _endings(emissions, skips, ends)
        named = np.exp(alpha + beta - _total(alpha, ends)[:, None]).swapaxes(0, 1)  # (batch, time, places)
        which = (places[:, :, None] == np.arange(y_hat.shape[2])).astype(y_hat.dtype)
        expected: Array = np.exp(logs) - named @ which
        return expected

    def _lay_out(self, y: Array, y_hat: Array) -> tuple[Array, Array]:
        """Return the labels among blanks (batch, 2 most + 1), and 1 at the last two places of each row's, else 0."""
        y = np.asarray(y)
        if y_hat.ndim != 3 or y.ndim != 2 or y.dtype.kind not in "iu" or len(y) != len(y_hat):
            raise ValueError(
                f"Expected integers y (batch, most) for y_hat (batch, time, classes) "
                f"but got y.shape={y.shape} of {y.dtype} and y_hat.shape={y_hat.shape}"
            )
        real = y != PADDING
        strange = real & ((y < 0) | (y >= y_hat.shape[2]) | (y == self.blank))
        if np.any(strange) or np.any(real[:, 1:] & ~real[:, :-1]):
            raise ValueError(
                f"Expected labels below {y_hat.shape[2]} other than the blank {self.blank}, then -1, but got y={y}"
            )
        counts = real.sum(axis=1)
        needed = counts + (real[:, 1:] & (y[:, 1:] == y[:, :-1])).sum(axis=1)
        if np.any(needed > y_hat.shape[1]):
            raise ValueError(f"Expected at least {needed.max()} steps for the labels but got y_hat.shape={y_hat.shape}")
        places = np.full((len(y), 2 * y.shape[1] + 1), self.blank)
        places[:, 1::2] = np.where(real, y, self.blank)
        behind = 2 * counts[:, None] - np.arange(places.shape[1])  # places from here to the row's last one
        return places, (behind == 0) | (behind == 1)


def _emissions(logs: Array, places: Array) -> Array:
    """Return log p_t(l_s), (time, batch, places)."""
    return np.take_along_axis(logs, places[:, None, :], axis=2).swapaxes(0, 1)


def _skips(places: Array) -> Array:
    """Return 0 where a path may come from two places before, -inf elsewhere; (batch, places)."""
    allowed = np.zeros(places.shape, bool)
    allowed[:, 3::2] = places[:, 3::2] != places[:, 1:-2:2]
    return np.where(allowed, 0.0, -np.inf)


def _beginnings(emissions: Array, skips: Array) -> Array:
    """Return log α, (time, batch, places)."""
    alpha = np.full(emissions.shape, -np.inf, emissions.dtype)
    alpha[0, :, :2] = emissions[0, :, :2]
    for t in range(1, len(alpha)):
        before = alpha[t - 1]
        reached = before.copy()
        reached[:, 1:] = np.logaddexp(reached[:, 1:], before[:, :-1])
        reached[:, 2:] = np.logaddexp(reached[:, 2:], before[:, :-2] + skips[:, 2:])
        alpha[t] = reached + emissions[t]
    return alpha


def _endings(emissions: Array, skips: Array, ends: Array) -> Array:
    """Return log β, (time, batch, places)."""
    beta = np.full(emissions.shape, -np.inf, emissions.dtype)
    beta[-1] = np.where(ends, 0.0, -np.inf)
    for t in reversed(range(len(beta) - 1)):
        after = beta[t + 1] + emissions[t + 1]
        reached = after.copy()
        reached[:, :-1] = np.logaddexp(reached[:, :-1], after[:, 1:])
        reached[:, :-2] = np.logaddexp(reached[:, :-2], after[:, 2:] + skips[:, 2:])
        beta[t] = reached
    return beta


def _total(alpha: Array, ends: Array) -> Array:
    """Return log P (batch,)."""
    found: Array = np.logaddexp.reduce(np.where(ends, alpha[-1], -np.inf), axis=1)
    return found.astype(alpha.dtype, copy=False)
