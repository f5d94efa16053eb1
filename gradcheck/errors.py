"""What can go wrong, told apart by who has to act."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.report import Finding, Report

__all__ = [
    *("BackwardRaised", "ConfigurationError", "ContractError", "GradcheckError", "GradientMismatch"),
    *("InputError", "TargetError"),
]


class GradcheckError(Exception):
    """Anything that gradcheck raises on purpose."""


class InputError(GradcheckError, ValueError):
    """An argument cannot be checked as it was given: integer, empty, NaN, wrong shape, ..."""


class BackwardRaised(InputError):
    """The user's own backward raised while a target was made of it; what it raised is the cause."""


class TargetError(GradcheckError):
    """A target that was named cannot be found, imported or understood."""


class ConfigurationError(GradcheckError):
    """A configuration or report file cannot be read, or holds something unknown."""


class ContractError(GradcheckError):
    """A backward answered in a form that cannot be read as gradients; becomes MALFORMED.

    Args:
        message: what was expected and what came.
        wrt: the quantity concerned, or "" for all of them.
        check: the id of the contract that is broken.
    """

    def __init__(self, message: str, *, wrt: str = "", check: str = "contract.shape") -> None:
        super().__init__(message)
        self.wrt = wrt
        self.check = check


class GradientMismatch(AssertionError):
    """A target did not verify; carries the whole `Report` and its worst `Finding`."""

    def __init__(self, message: str, report: Report, finding: Finding | None) -> None:
        super().__init__(message)
        self.report = report
        self.finding = finding
