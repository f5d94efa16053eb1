"""Libraries that adapters need and the project does not: imported when an adapter is called, never before."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from gradcheck.errors import TargetError

__all__ = ["library", "loaded"]


def library(name: str, adapter: str) -> Any:
    """Return an imported module.

    Args:
        name: dotted, e.g. "jax.numpy".
        adapter: what needs it, for the message.
    Raises:
        TargetError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise TargetError(
            f"adapt.{adapter} needs {package}, which is not installed here: pip install {package}"
        ) from None


def loaded(name: str) -> Any:
    """Return a module if the user's code has imported it, else None: nobody's class is of a library that is not."""
    return sys.modules.get(name)
