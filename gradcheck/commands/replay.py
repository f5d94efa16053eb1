"""`gradcheck replay` stands beside `gradcheck report`: both begin with a report."""

from gradcheck.commands.report import replay

__all__ = ["replay"]
