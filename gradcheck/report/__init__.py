"""What was found, as plain data, and one renderer a file."""

from gradcheck.report.finding import Finding
from gradcheck.report.record import Report

__all__ = ["Finding", "Report"]
