"""What there is to verify: every public activation, loss and layer, in several shapes and options, and a few models.

The targets are plain dictionaries: "adapt" says what kind of thing it is, "name" what to call it, and the rest are
the thing itself and the arrays to run it on. No two axes are of one size, no batch is 1, and every value is drawn from
a seed, so a target is the same every time.
"""

from collections.abc import Iterator
from typing import Any

from netcore.audit.activations import activation_targets
from netcore.audit.layers import layer_targets
from netcore.audit.losses import loss_targets
from netcore.audit.models import model_targets


def targets() -> Iterator[dict[str, Any]]:
    """Yield every target of netcore."""
    yield from activation_targets()
    yield from loss_targets()
    yield from layer_targets()
    yield from model_targets()
