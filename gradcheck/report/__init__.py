"""What was found, as plain data, and one renderer a file."""

from gradcheck.report.finding import Finding, Table
from gradcheck.report.record import Report, SourceText

__all__ = ["Finding", "Report", "SourceText", "Table"]
