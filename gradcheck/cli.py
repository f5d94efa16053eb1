"""The command line: `python -m gradcheck [audit] [TARGET]...`.

Commands are loaded when they are called, so that `--help` and `--version` import neither numpy nor scipy.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Any

import click

from gradcheck import __version__
from gradcheck.commands import COMMANDS
from gradcheck.errors import GradcheckError

__all__ = ["main"]

_USAGE, _BUG, _INTERRUPTED = 2, 3, 130
_DEFAULT = "audit"


class _Group(click.Group):
    """Commands by name; what is no command is a target of `audit`.

    Overrides click's methods, which is how click is told about commands that are loaded late.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"gradcheck.commands.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*COMMANDS, "--help", "-h", "--version"):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradcheck", message="%(prog)s %(version)s")
def cli() -> None:
    """Verify hand-written derivatives with an honest error bar, layer by layer.

    TARGET is package.module, package.module:object, path/file.py or path/file.py:object. Without one, the targets of
    [tool.gradcheck] in pyproject.toml or of gradcheck.toml are checked.

    A module offers its targets by a function gradcheck_targets() that yields plain dictionaries, for example
    {"adapt": "layer", "name": "Dense[3,5]", "layer": Dense(3, 5), "params": params, "x": x}. An object that claims a
    derivative is checked at drawn inputs: path/file.py:function --input x=8x16. `gradcheck audit --help` tells more.

    Exit codes: 0 verified, 1 something is wrong, 2 usage, configuration or import, 3 a bug in gradcheck, 4 nothing
    wrong was found but something stayed inconclusive, 5 nothing was checked.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _terminated(*_: object) -> None:
    """End as after Ctrl-C, with a partial report: this is how a CI server cancels a job."""
    raise KeyboardInterrupt("ended by SIGTERM")


def _run(arguments: list[str]) -> int:
    try:
        code: Any = cli.main(arguments, prog_name="python -m gradcheck", standalone_mode=False)
        return int(code or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return _USAGE
    except GradcheckError as error:
        click.echo(f"gradcheck: {error}", err=True)
        return _USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("gradcheck: interrupted before anything was checked", err=True)
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:  # what nobody foresaw is our fault, and must not look like the user's
        _apologise(error)
        return _BUG


def _apologise(error: Exception) -> None:
    import traceback

    last = traceback.format_exception(error)[-4:]
    click.echo("".join(last).rstrip(), err=True)
    click.echo(f"gradcheck {__version__}: this is a bug in gradcheck; please report it with the lines above", err=True)
