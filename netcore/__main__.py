"""Run `python -m netcore digits` or `python -m netcore chars`.

The exit code is 0 if the job reached its goal and every audit of its gradients was clean, otherwise 1.
"""

from pathlib import Path

import click

from netcore.jobs.outcome import Outcome, text, write

OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write report.md and curve.svg there."
)
SEED = click.option("--seed", default=0, show_default=True, help="Of data, weights and batches.")
AUDIT = click.option("--audit/--no-audit", default=True, show_default=True, help="Check the gradients during training.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train small networks that check their own gradients as they learn."""


@main.command()
@click.option("--network", type=click.Choice(["conv", "dense"]), default="conv", show_default=True)
@click.option("--epochs", default=20, show_default=True, type=click.IntRange(min=1))
@SEED
@AUDIT
@OUT
def digits(network: str, epochs: int, seed: int, audit: bool, out: Path | None) -> None:
    """Learn scikit-learn's handwritten digits."""
    from netcore.jobs import digits as job  # here, so that --help is quick

    try:
        outcome = job.digits(network, epochs=epochs, seed=seed, audit=audit, progress=True)
    except ModuleNotFoundError as error:
        if error.name != "sklearn":
            raise
        raise click.ClickException("the digits come with scikit-learn; install it, e.g. the extra 'digits'") from error
    _end(outcome, out)


@main.command()
@click.option("--network", type=click.Choice(["gru", "lstm", "attention"]), default="gru", show_default=True)
@click.option("--epochs", default=6, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--text", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Learn this instead."
)
@SEED
@AUDIT
@OUT
def chars(network: str, epochs: int, path: Path | None, seed: int, audit: bool, out: Path | None) -> None:
    """Learn to write a text, character by character."""
    from netcore.jobs import chars as job  # here, so that --help is quick

    corpus = job.TEXT if path is None else path.read_text(encoding="utf-8")
    outcome = job.chars(network, corpus, epochs=epochs, seed=seed, audit=audit, progress=True)
    _end(outcome, out)


def _end(outcome: Outcome, out: Path | None) -> None:
    click.echo(text(outcome))
    if out is not None:
        write(outcome, out)
    raise SystemExit(0 if outcome.ok else 1)


if __name__ == "__main__":
    main(prog_name="python -m netcore")
