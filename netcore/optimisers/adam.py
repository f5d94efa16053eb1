"""Adam, and AdamW, whose weight decay does not pass through the averages.

    m ← β₁ m + (1 - β₁) g        s ← β₂ s + (1 - β₂) g²        p ← p - r m̂ / (√ŝ + ε)

with m̂ = m / (1 - β₁ᵗ) and ŝ = s / (1 - β₂ᵗ) for t counted from 1. Decay: Adam adds λ p to g, AdamW takes r λ p off p.

Source: Kingma and Ba 2015, "Adam"; Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
"""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from netcore.optimisers.rule import Rate, moved, rate, trainable, zeros
from netcore.protocol import Array, Params


@dataclass(frozen=True)
class Adam:
    """Descend along the gradient's mean over its root mean square.

    Args:
        learning_rate: r, a number or a schedule.
        beta1, beta2: β of the two averages.
        eps: ε.
        weight_decay: λ, added to the gradient as λ p.

    Example:
        >>> optimiser, params = Adam(0.1), {"W": np.array([1.0])}
        >>> params, state = optimiser.step(params, {"W": np.array([2.0])}, optimiser.init(params), 0)
        >>> params["W"].round(3).tolist(), sorted(state)
        ([0.9], ['m.W', 's.W'])
    """

    learning_rate: Rate = 1e-3
    _: KW_ONLY
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def init(self, params: Params) -> dict[str, Array]:
        """Return averages of 0."""
        return zeros(params, "m", "s")

    def step(self, params: Params, grads: Params, state: Params, t: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the parameters and averages after step t."""
        grads = {name: grads[name] + self.weight_decay * params[name] for name in trainable(params)}
        steps, after = _steps(grads, state, rate(self.learning_rate, t), t, self.beta1, self.beta2, self.eps)
        return moved(params, steps), after


@dataclass(frozen=True)
class AdamW:
    """Adam, with the weights decaying beside it.

    Args:
        learning_rate: r, a number or a schedule.
        beta1, beta2: β of the two averages.
        eps: ε.
        weight_decay: λ; each step takes r λ p off p.

    Example:
        >>> optimiser, params = AdamW(0.1), {"W": np.array([1.0])}
        >>> params, state = optimiser.step(params, {"W": np.array([2.0])}, optimiser.init(params), 0)
        >>> params["W"].round(3).tolist(), sorted(state)
        ([0.899], ['m.W', 's.W'])
    """

    learning_rate: Rate = 1e-3
    _: KW_ONLY
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01

    def init(self, params: Params) -> dict[str, Array]:
        """Return averages of 0."""
        return zeros(params, "m", "s")

    def step(self, params: Params, grads: Params, state: Params, t: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the parameters and averages after step t."""
        r = rate(self.learning_rate, t)
        grads = {name: grads[name] for name in trainable(params)}
        steps, after = _steps(grads, state, r, t, self.beta1, self.beta2, self.eps)
        return moved(params, {name: s + r * self.weight_decay * params[name] for name, s in steps.items()}), after


def _steps(
    grads: Params, state: Params, r: float, t: int, beta1: float, beta2: float, eps: float
) -> tuple[dict[str, Array], dict[str, Array]]:
    steps: dict[str, Array] = {}
    after: dict[str, Array] = {}
    unbias1, unbias2 = 1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1)
    for name, g in grads.items():
        m = beta1 * state[f"m.{name}"] + (1 - beta1) * g
        s = beta2 * state[f"s.{name}"] + (1 - beta2) * g * g
        steps[name] = (r / unbias1) * m / (np.sqrt(s / unbias2) + eps)
        after |= {f"m.{name}": m, f"s.{name}": s}
    return steps, after
