"""Where a derivative is checked: named arrays, validated once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck.errors import InputError
from gradcheck.norms import all_finite

__all__ = ["Array", "Point", "differentiable", "is_label", "own", "validated"]

Array = npt.NDArray[Any]


def differentiable(value: object) -> bool:
    """Whether a value is an array (or scalar) of real or complex floating-point numbers."""
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fc"


def is_label(value: Array) -> bool | None:
    """Whether an array looks like a label, mask or flag: whole numbers, or at most two values.

    None where it may also be a parameter at its start or a mask of ones: all entries equal, or whole numbers below −1.
    """
    values = np.unique(value)
    whole = bool(np.all(value == np.round(value.real)))
    if (value.size > 1 and values.size == 1) or (whole and np.min(values.real) < -1):
        return None
    return whole or values.size <= min(2, value.size - 1)


def own(value: Any) -> Any:
    """Return a copy of an array in its own layout, and anything else itself."""
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def validated(name: str, value: Any, *, must_differentiate: bool = False) -> Any:
    """Return an input as an array if it is numeric; refuse what cannot be checked.

    Args:
        name: what the input is called in messages.
        value: array, number or list of numbers; other objects (flags, None, strings) pass as constants.
        must_differentiate: refuse integers too, because a derivative is asked for.
    Raises:
        InputError: it is empty, of objects, holds NaN or infinity, or is not floating-point where it must be.
    """
    if isinstance(value, (float, complex, np.generic)) or (isinstance(value, (list, tuple)) and value):
        value = np.asarray(value)
    if isinstance(value, (bool, int)) and must_differentiate:
        value = np.asarray(value)
    if isinstance(value, (np.matrix, np.ma.MaskedArray)):
        raise InputError(
            f"Expected a plain array for {name} but got {type(value).__name__}, whose operators mean something else; "
            f"pass np.asarray({name})"
        )
    if not isinstance(value, np.ndarray):
        if must_differentiate:
            raise InputError(
                f"Expected an array of floats for {name} but got {name}={value!r} ({type(value).__name__})"
            )
        return value
    if value.dtype.kind == "O":
        raise InputError(f"Expected numbers for {name} but got an array of dtype=object; convert it to float64 first")
    if value.dtype.kind not in "fc":
        if must_differentiate:
            raise InputError(
                f"Expected floating-point numbers for {name} but got dtype={value.dtype}: steps cannot be taken in it; "
                f"pass {name}.astype(float)"
            )
        return value
    if value.size == 0:
        raise InputError(
            f"Expected at least one entry in {name} but got shape {value.shape}: nothing can be measured there; "
            "give a batch of 2 or more"
        )
    if not all_finite(value):
        bad = ~np.isfinite(value)
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"Expected finite numbers in {name} but got {int(bad.sum())} NaN or infinite of {value.size}, "
            f"the first at {name}{list(first)}; choose a point where the function is defined"
        )
    return value


@dataclass(frozen=True, slots=True)
class Point:
    """Named inputs of a function, in the order in which it takes them.

    Args:
        names: one name an input, unique.
        values: arrays; also constants, which are handed on and never moved.

    `blocks` are the names of the inputs that a derivative can be taken with respect to.

    Raises:
        InputError: names and values do not pair up, or no value can be differentiated.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    blocks: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that names pair with values and that something can be measured."""
        if len(self.names) != len(self.values):
            raise InputError(
                f"Expected one name an input but got {len(self.names)} names for {len(self.values)} inputs: "
                f"{self.names}"
            )
        if len(set(self.names)) < len(self.names):
            raise InputError(f"Expected distinct names of inputs but got {self.names}")
        pairs = zip(self.names, self.values, strict=True)
        object.__setattr__(self, "blocks", tuple(name for name, value in pairs if differentiable(value)))
        if not self.blocks:
            pairs = zip(self.names, self.values, strict=True)
            kinds = ", ".join(f"{name}: {getattr(value, 'dtype', type(value).__name__)}" for name, value in pairs)
            raise InputError(
                f"Expected at least one floating-point input but got {kinds or 'none'}; "
                "pass the input as floats, e.g. x.astype(float)"
            )

    def __getitem__(self, name: str) -> Any:
        """Return the value of one input."""
        return self.values[self.names.index(name)]

    def copies(self) -> list[Any]:
        """Return fresh copies of the arrays, memory layout kept; constants as they are."""
        return [own(value) for value in self.values]
