"""Stochastic gradient descent, plain, with momentum, and with Nesterov's look ahead.

    g ← g + λ p        v ← μ v + g        p ← p - r v        or with Nesterov  p ← p - r (g + μ v)

Source: Sutskever, Martens, Dahl and Hinton 2013, "On the importance of initialization and momentum", in the form that
takes the rate outside v.
"""

from dataclasses import KW_ONLY, dataclass

from netcore.optimisers.rule import Rate, moved, rate, trainable, zeros
from netcore.protocol import Array, Params


@dataclass(frozen=True)
class SGD:
    """Descend along the gradient.

    Args:
        learning_rate: r, a number or a schedule.
        momentum: μ in [0, 1).
        nesterov: whether to look ahead.
        weight_decay: λ, added to the gradient as λ p.

    Example:
        >>> params, state = SGD(0.1).step({"W": np.array([1.0])}, {"W": np.array([2.0])}, {}, 0)
        >>> params["W"].tolist()
        [0.8]
    """

    learning_rate: Rate
    _: KW_ONLY
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def init(self, params: Params) -> dict[str, Array]:
        """Return velocities of 0."""
        return zeros(params, "v") if self.momentum else {}

    def step(self, params: Params, grads: Params, state: Params, t: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the parameters and velocities after step t."""
        r, steps, after = rate(self.learning_rate, t), {}, {}
        for name in trainable(params):
            g = grads[name] + self.weight_decay * params[name] if self.weight_decay else grads[name]
            v = self.momentum * state[f"v.{name}"] + g if self.momentum else g
            if self.momentum:
                after[f"v.{name}"] = v
            steps[name] = r * (g + self.momentum * v if self.nesterov else v)
        return moved(params, steps), after
