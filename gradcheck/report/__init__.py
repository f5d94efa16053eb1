"""What was found, as plain data, and one renderer a file."""

from gradcheck.report.counterexample import Counterexample, Numbers
from gradcheck.report.finding import Finding, Table
from gradcheck.report.record import Report, SourceText

__all__ = ["Counterexample", "Finding", "Numbers", "Report", "SourceText", "Table"]
