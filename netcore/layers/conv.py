"""Convolution layers over one and two spatial axes; formula and derivative stand in `netcore.layers.convolution`."""

from dataclasses import KW_ONLY, dataclass

from numpy.random import Generator

from netcore.initialisers import INITIALISERS
from netcore.layers.convolution import Cache, convolve, convolve_back, draw, require_groups
from netcore.layers.windows import Size, Windows, windows
from netcore.names import choose
from netcore.protocol import Array, Params


@dataclass(frozen=True)
class Conv1d:
    """Convolution of x (batch, n_in, length).

    Args:
        n_in, n_out: channels before and after, multiples of groups.
        kernel: size of a window.
        stride: from one window to the next.
        padding: zeros on both sides.
        dilation: distance of neighbours inside a window.
        groups: blocks of channels that do not see each other; n_in for a depthwise convolution.
        initialiser: a name in INITIALISERS.
        bias: whether there is a b.

    Example:
        >>> layer = Conv1d(2, 3, 3, stride=2)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 2, 7)))
        >>> y.shape
        (4, 3, 3)
    """

    n_in: int
    n_out: int
    kernel: Size
    _: KW_ONLY
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    groups: int = 1
    initialiser: str = "he"
    bias: bool = True

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")
        require_groups(self.n_in, self.n_out, self.groups)

    @property
    def windows(self) -> Windows:
        """Return where the windows lie."""
        return windows(1, self.kernel, self.stride, self.padding, self.dilation)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n_out, n_in / groups, k), "b": (n_out,)}."""
        return draw(rng, self.n_in, self.n_out, self.windows.kernel, self.groups, self.initialiser, self.bias)

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, n_out, windows) for x (batch, n_in, length)."""
        return convolve(params, x, self.windows, self.groups)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: see `netcore.layers.convolution`."""
        return convolve_back(params, cache, dy, self.windows, self.groups)


@dataclass(frozen=True)
class Conv2d:
    """Convolution of x (batch, n_in, height, width).

    Args:
        n_in, n_out: channels before and after, multiples of groups.
        kernel: size of a window, one number or two.
        stride: from one window to the next.
        padding: zeros on both sides.
        dilation: distance of neighbours inside a window.
        groups: blocks of channels that do not see each other; n_in for a depthwise convolution.
        initialiser: a name in INITIALISERS.
        bias: whether there is a b.

    Example:
        >>> layer = Conv2d(2, 4, 3, padding=1)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((3, 2, 5, 6)))
        >>> y.shape
        (3, 4, 5, 6)
    """

    n_in: int
    n_out: int
    kernel: Size
    _: KW_ONLY
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    groups: int = 1
    initialiser: str = "he"
    bias: bool = True

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")
        require_groups(self.n_in, self.n_out, self.groups)

    @property
    def windows(self) -> Windows:
        """Return where the windows lie."""
        return windows(2, self.kernel, self.stride, self.padding, self.dilation)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n_out, n_in / groups, kh, kw), "b": (n_out,)}."""
        return draw(rng, self.n_in, self.n_out, self.windows.kernel, self.groups, self.initialiser, self.bias)

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, n_out, rows, columns) for x (batch, n_in, height, width)."""
        return convolve(params, x, self.windows, self.groups)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: see `netcore.layers.convolution`."""
        return convolve_back(params, cache, dy, self.windows, self.groups)
