"""Fixtures of the command line's tests."""

from cli_project import gradcheck, project

__all__ = ["gradcheck", "project"]
