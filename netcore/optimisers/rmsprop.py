"""RMSProp: the gradient over its root mean square.

    s ← α s + (1 - α) g²        p ← p - r g / (√s + ε)        or with momentum  v ← μ v + g / (√s + ε),  p ← p - r v

Source: Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning".
"""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from netcore.optimisers.rule import Rate, moved, rate, trainable, zeros
from netcore.protocol import Array, Params


@dataclass(frozen=True)
class RMSProp:
    """Descend along the gradient over its root mean square.

    Args:
        learning_rate: r, a number or a schedule.
        alpha: α of the average.
        eps: ε.
        momentum: μ in [0, 1).
        weight_decay: λ, added to the gradient as λ p.

    Example:
        >>> optimiser, params = RMSProp(0.1), {"W": np.array([1.0])}
        >>> params, state = optimiser.step(params, {"W": np.array([2.0])}, optimiser.init(params), 0)
        >>> params["W"].round(3).tolist(), sorted(state)
        ([0.0], ['s.W'])
    """

    learning_rate: Rate = 1e-2
    _: KW_ONLY
    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    weight_decay: float = 0.0

    def init(self, params: Params) -> dict[str, Array]:
        """Return averages and velocities of 0."""
        return zeros(params, "s", "v") if self.momentum else zeros(params, "s")

    def step(self, params: Params, grads: Params, state: Params, t: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the parameters, averages and velocities after step t."""
        r, steps, after = rate(self.learning_rate, t), {}, {}
        for name in trainable(params):
            g = grads[name] + self.weight_decay * params[name]
            s = self.alpha * state[f"s.{name}"] + (1 - self.alpha) * g * g
            v = g / (np.sqrt(s) + self.eps)
            after[f"s.{name}"] = s
            if self.momentum:
                v = self.momentum * state[f"v.{name}"] + v
                after[f"v.{name}"] = v
            steps[name] = r * v
        return moved(params, steps), after
