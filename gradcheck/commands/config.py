"""`gradcheck config`."""

from __future__ import annotations

import click

from gradcheck.commands.options import resolved
from gradcheck.config import Config

__all__ = ["config"]


@click.command(short_help="Show every setting and where it comes from.")
def config() -> int:
    """Show every setting with its value and where it comes from: a file, an environment variable, or the default."""
    found = resolved({})
    for name in Config.__struct_fields__:
        value = getattr(found.config, name)
        shown = "" if value is None else ", ".join(map(str, value)) if isinstance(value, tuple) else value
        click.echo(f"{name.replace('_', '-'):18} {shown!s:32} {found.origins[name]}".rstrip())
    return 0
