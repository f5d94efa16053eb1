"""Blocks of code in the README and in docs/: found, run, and compared with the output that is shown."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_DIRECTIVE = re.compile(
    r"^(?P<margin> *)\.\. code-block:: (?P<language>\w+)\n(?:(?P=margin)   :caption: (?P<file>\S+)\n)?\s*\n"
    r"(?P<text>(?:(?P=margin)   .*\n|\s*\n)+)",
    re.M,
)
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.M)
ELLIPSIS = "…"  # alone on a line of shown output: lines left out


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Args:
        language: "python", "console", "text", ...
        text: without its margin.
        file: name that it is to be written to, "" where it is run as it stands.
        span: where it stands in the page, for rewriting it.
        margin: spaces before each line.
    """

    language: str
    text: str
    file: str
    span: tuple[int, int]
    margin: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a block or one command of it printed, beside what the page shows.

    Args:
        block: where it stands.
        command: what was run.
        shown: output in the page; None where none is shown.
        printed: standard output and standard error.
        code: exit code.
        place: where the shown output stands in the block's text.
    """

    block: Block
    command: str
    shown: str | None
    printed: str
    code: int
    place: tuple[int, int] = (0, 0)

    @property
    def right(self) -> bool:
        """Whether it printed what is shown; where nothing is shown, whether it succeeded."""
        return self.code == 0 if self.shown is None else alike(self.shown, self.printed)


def markdown(text: str) -> list[Block]:
    """Return the fenced blocks of a Markdown page."""
    return [Block(m["language"], m["text"], "", m.span("text")) for m in _FENCE.finditer(text)]


def restructured(text: str) -> list[Block]:
    """Return the code-block directives of a reStructuredText page; a caption is the name of a file."""
    return [
        Block(m["language"], f"{dedent(m['text']).strip()}\n", m["file"] or "", m.span("text"), m["margin"] + "   ")
        for m in _DIRECTIVE.finditer(text)
    ]


def masked(text: str) -> str:
    """Return the text without what differs from machine to machine: digits of measured numbers, times, spacing."""
    text = re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", text)
    return re.sub(r"[ ─=]+", " ", text)


def alike(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown, up to digits and spacing; "…" stands for lines left out."""
    parts = [re.escape(masked(part).strip()) for part in re.split(rf"^{ELLIPSIS}$", shown, flags=re.M)]
    return re.fullmatch(r".*\n?".join(parts), masked(printed).strip(), re.S) is not None


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command with this project importable, and its pytest plugin loaded."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    told = ("PYTEST_", "GITHUB_", "GRADCHECK_")  # what changes the output: a test around us, somebody's CI, settings
    kept = (name for name in os.environ if not name.startswith(told) and name not in ("CI", "BUILD_NUMBER"))
    environment = {name: os.environ[name] for name in kept}
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "PATH": os.pathsep.join(places), "NO_COLOR": "1"}
    if not any(found.value == "gradcheck.pytest_plugin" for found in entry_points(group="pytest11")):
        environment |= {"PYTEST_PLUGINS": "gradcheck.pytest_plugin"}
    environment |= variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def played(blocks: list[Block], folder: Path) -> Iterator[Outcome]:
    """Run the blocks of a page in order, in one directory.

    A block with a file name is written there. Python without one is run, and a text block right after it shows what it
    prints. Commands of a console block are run one by one; `$ echo $?` shows the exit code of the one before, and
    without output that is shown a command has to succeed; so have our commands in a yaml block. Blocks of other
    languages are not run.
    """
    for number, block in enumerate(blocks):
        if block.file:
            file = folder / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif block.language == "python":
            done = run(sys.executable, "-c", block.text, cwd=folder)
            after = blocks[number + 1] if number + 1 < len(blocks) else None
            if after is not None and after.language == "text":
                place = (0, len(after.text))
                yield Outcome(after, block.text, after.text, done.stdout + done.stderr, done.returncode, place)
            else:
                yield Outcome(block, block.text, None, done.stdout + done.stderr, done.returncode)
        elif block.language == "console":
            yield from _session(block, folder)
        elif block.language == "yaml":  # a job of somebody's CI: our part of it
            for command in re.findall(r"python -m gradcheck[^\n&]*", block.text):
                done = run("/bin/sh", "-c", command, cwd=folder)
                yield Outcome(block, command, None, done.stdout + done.stderr, done.returncode)


def _session(block: Block, folder: Path) -> Iterator[Outcome]:
    last = 0
    for match in _COMMAND.finditer(block.text):
        command, output = match[1], match[2]
        if command == "echo $?":
            told = f"exit code {last}, not {output.strip()}"
            yield Outcome(block, command, None, told, int(str(last) != output.strip()))
            continue
        done = run("/bin/sh", "-c", command, cwd=folder)
        last = done.returncode
        asked = block.text[match.end() :].startswith("$ echo $?")
        code = 0 if asked and not output else last
        yield Outcome(block, command, output or None, done.stdout + done.stderr, code, match.span(2))


def rewritten(page: str, outcomes: list[Outcome]) -> str:
    """Return the page with the output that was printed in place of what it shows, where the two differ."""
    texts: dict[Block, str] = {}
    for outcome in reversed(outcomes):  # from the end, so that places before stay what they are
        if outcome.shown is not None and not outcome.right:
            text = texts.get(outcome.block, outcome.block.text)
            start, stop = outcome.place
            texts[outcome.block] = text[:start] + outcome.printed.strip("\n") + "\n" + text[stop:]
    for block, text in sorted(texts.items(), key=lambda pair: pair[0].span, reverse=True):
        start, stop = block.span
        old = page[start:stop]
        blank = "\n" * (len(old) - len(old.rstrip("\n")))
        lines = (f"{block.margin}{line}".rstrip() for line in text.rstrip("\n").split("\n"))
        page = page[:start] + "\n".join(lines) + blank + page[stop:]
    return page
