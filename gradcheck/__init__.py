"""Verify hand-written derivatives with an honest error bar, layer by layer.

Importing this package imports nothing else: names are loaded when they are used (PEP 562), so that
`python -m gradcheck --help` and a test run that never checks a gradient pay nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck import adapt as adapt
    from gradcheck import strategies as strategies
    from gradcheck.audit import assert_agrees, check
    from gradcheck.checks import checks_for
    from gradcheck.compare import Comparison, Verdict
    from gradcheck.errors import ConfigurationError, GradcheckError, GradientMismatch, InputError, TargetError
    from gradcheck.estimate import Estimate
    from gradcheck.inputs import at
    from gradcheck.point import Point
    from gradcheck.report import Finding, Report
    from gradcheck.settings import Settings
    from gradcheck.target import Target
    from gradcheck.testing import given, parametrize

__version__ = "0.1.0"

_HOMES = {
    "adapt": "gradcheck.adapt",
    "assert_agrees": "gradcheck.audit",
    "at": "gradcheck.inputs",
    "check": "gradcheck.audit",
    "checks_for": "gradcheck.checks",
    "given": "gradcheck.testing",
    "parametrize": "gradcheck.testing",
    "strategies": "gradcheck.strategies",
    "Comparison": "gradcheck.compare",
    "Verdict": "gradcheck.compare",
    "ConfigurationError": "gradcheck.errors",
    "GradcheckError": "gradcheck.errors",
    "GradientMismatch": "gradcheck.errors",
    "InputError": "gradcheck.errors",
    "TargetError": "gradcheck.errors",
    "Estimate": "gradcheck.estimate",
    "Point": "gradcheck.point",
    "Finding": "gradcheck.report",
    "Report": "gradcheck.report",
    "Settings": "gradcheck.settings",
    "Target": "gradcheck.target",
}

_MODULES = ("adapt", "strategies")  # public modules; all other names are looked up in their home

__all__ = [
    "Comparison",
    "ConfigurationError",
    "Estimate",
    "Finding",
    "GradcheckError",
    "GradientMismatch",
    "InputError",
    "Point",
    "Report",
    "Settings",
    "Target",
    "TargetError",
    "Verdict",
    "adapt",
    "assert_agrees",
    "at",
    "check",
    "checks_for",
    "given",
    "parametrize",
    "strategies",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    home = import_module(_HOMES[name])
    value = home if name in _MODULES else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
