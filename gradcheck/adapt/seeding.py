"""numpy's global generator, for layers that draw from it: the same numbers in every call, and left as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from numpy import random as global_random

__all__ = ["numbered"]


@contextlib.contextmanager
def numbered(seed: int) -> Iterator[None]:
    """Give code that draws from numpy's global generator the same numbers in every call, and put it back."""
    state = global_random.get_state()  # noqa: NPY002  # it is the user's layer that draws from it
    try:
        global_random.seed(seed)  # noqa: NPY002
        yield
    finally:
        global_random.set_state(state)  # noqa: NPY002
