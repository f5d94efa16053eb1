"""A transformer block: attention and a small network, each normalised before and added to what came in.

    u = x + attention(norm(x))        y = u + W₂ gelu(W₁ norm'(u) + b₁) + b₂

Source: Vaswani et al. 2017, "Attention is all you need", with the normalisation first, as in Xiong et al. 2020, "On
layer normalization in the transformer architecture".
"""

from dataclasses import KW_ONLY, dataclass

from numpy.random import Generator

from netcore.activations.gelu import GELU
from netcore.layers.dense import Dense
from netcore.layers.dropout import Dropout
from netcore.layers.layer_norm import LayerNorm
from netcore.layers.merge import Residual
from netcore.layers.multi_head import MultiHeadAttention
from netcore.layers.sequential import Cache, Sequential
from netcore.protocol import Array, Layer, Params


@dataclass(frozen=True)
class TransformerBlock:
    """Map x (batch, time, n) to its own shape.

    The parameters are those of `inner`: "0.0.gamma" and "0.0.beta" of the first norm, "0.1.W" and others of the
    attention, "1.0.gamma" ... of the second norm, "1.1.W" and "1.3.W" of the network.

    Args:
        n: size of the features.
        heads: of the attention.
        hidden: size inside the network; None is 4 n.
        causal: whether a step sees only steps up to itself.
        rotary: whether the attention turns by place.
        dropout: rate after the attention and after the network.

    Example:
        >>> layer = TransformerBlock(6, 2)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((3, 5, 6)))
        >>> y.shape
        (3, 5, 6)
    """

    n: int
    heads: int
    _: KW_ONLY
    hidden: int | None = None
    causal: bool = False
    rotary: bool = False
    dropout: float = 0.0

    @property
    def inner(self) -> Sequential:
        """Return the block as the layers that it is made of."""
        hidden = 4 * self.n if self.hidden is None else self.hidden
        attention = MultiHeadAttention(self.n, self.heads, causal=self.causal, rotary=self.rotary)
        first: list[Layer] = [LayerNorm(self.n), attention]
        second: list[Layer] = [
            LayerNorm(self.n),
            Dense(self.n, hidden, initialiser="glorot"),
            GELU(),
            Dense(hidden, self.n, initialiser="glorot"),
        ]
        end: list[Layer] = [Dropout(self.dropout)] if self.dropout else []
        return Sequential([Residual(Sequential(first + end)), Residual(Sequential(second + end))])

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw the parameters of all of them."""
        return self.inner.init(rng)

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, time, n)."""
        return self.inner.forward(params, x, rng=rng)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array | None, dict[str, Array]]:
        """Pull dy back through both halves."""
        return self.inner.backward(params, cache, dy)
