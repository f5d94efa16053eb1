"""`gradcheck explain`."""

from __future__ import annotations

import click

from gradcheck.config import suggest
from gradcheck.errors import TargetError

__all__ = ["explain"]


@click.command(short_help="Tell what a check, a verdict or a pattern means.")
@click.argument("id", required=False)
def explain(id: str | None) -> int:
    """Tell what ID means: a check ("gradient.entries"), a verdict ("KINK") or a pattern; without ID, list them."""
    from gradcheck.explain import topics

    known = topics()
    if id is None:
        width = max(map(len, known))
        for name, text in known.items():
            click.echo(f"{name:{width}}  {text.splitlines()[0]}")
        return 0
    wanted = id.lower()
    found = {name: text for name, text in known.items() if name.lower() in (wanted, f"pattern {wanted}")}
    if not found:
        raise TargetError(f"Nothing is called {id!r}{suggest(id, known)}; `gradcheck explain` lists everything")
    for name, text in found.items():
        click.echo(f"{name}\n\n{text}")
    return 0
