"""`gradcheck audit` is `gradcheck check` that also asks what is left unchecked."""

from gradcheck.commands.check import audit

__all__ = ["audit"]
