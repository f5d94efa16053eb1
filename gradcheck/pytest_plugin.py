"""The pytest plugin: records what `gradcheck.assert_agrees` finds in tests, shows it, and writes reports.

Loaded in every pytest run where gradcheck is installed, so it imports nothing but pytest until something was checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.session import Recorder, current

if TYPE_CHECKING:
    from gradcheck.report import Report

__all__ = ["gradcheck_report"]

# (test, which of a series or None, place in it, report as JSON) of every test that checked something
_FOUND = pytest.StashKey[list[tuple[str, int | None, int, str]]]()
_TEST = pytest.StashKey[Recorder]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("gradcheck", "derivatives checked by gradcheck")
    group.addoption("--gradcheck-seed", type=int, metavar="N", help="seed of checks that name none")
    group.addoption(
        "--gradcheck-effort", choices=["quick", "standard", "thorough"], help="effort of checks that name none"
    )
    group.addoption(
        "--gradcheck-report",
        action="append",
        default=[],
        metavar="KIND:PATH",
        help="write a report of all checks: json, html, markdown, junit, sarif, github or text",
    )
    group.addoption(
        "--gradcheck-rows",
        choices=["worst", "all", "none"],
        default="worst",
        help="rows of the terminal section: the worst check of each layer (default), all, or none",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a report that could not be written before any test runs."""
    config.stash[_FOUND] = []
    if config.getoption("--gradcheck-report"):
        _places(config)


def _places(config: pytest.Config) -> list[Any]:
    from gradcheck.commands.options import outputs
    from gradcheck.errors import ConfigurationError

    try:
        return outputs(config.getoption("--gradcheck-report"))
    except ConfigurationError as error:
        raise pytest.UsageError(str(error).replace("--report", "--gradcheck-report")) from error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Listen while a test runs."""
    recorder = Recorder(item.config.getoption("--gradcheck-seed"), item.config.getoption("--gradcheck-effort"))
    item.stash[_TEST] = recorder
    token = current.set(recorder)
    try:
        return (yield)
    finally:
        current.reset(token)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Hand what a test found on with its test report, which also travels from xdist's workers."""
    report: Any = yield
    recorder = item.stash.get(_TEST, None)
    if call.when == "call" and recorder is not None and recorder.reports:
        drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        kept = _worst_of_each(recorder.reports) if drawn else recorder.reports
        series, place = _series_of(item)
        report.gradcheck = [
            (series or item.nodeid, None if series is None else number, place, found.to_json())
            for number, found in enumerate(kept)
        ]
    return report


def _series_of(item: pytest.Item) -> tuple[str | None, int]:
    """Return the series of tests that `gradcheck.parametrize` made, this one among them, by name; and its place in it.

    The name is the test's without target and check. Tests of other parameters are a series of their own: they check
    the same target anew.
    """
    from gradcheck.target import Target

    callspec: Any = getattr(item, "callspec", None)
    target = None if callspec is None else callspec.params.get("target")
    if not isinstance(target, Target) or target.asked is None:
        return None, 0
    own = target.name if len(target.asked) > 1 else f"{target.name}:{target.asked[0]}"
    others = callspec.id
    for spelled in (own, own.encode("unicode_escape").decode()):  # as pytest spells what is not ASCII
        others = others.replace(spelled, "", 1)
    others = others.strip("-").replace("--", "-")
    test = item.nodeid.removesuffix(item.name) + getattr(item, "originalname", item.name)
    return f"{test}[{others}]" if others else test, callspec.indices["target"]


def _worst_of_each(reports: list[Report]) -> list[Report]:
    """Return one report of the same targets at many points: the last of the worst, where Hypothesis has shrunk it."""
    kept: dict[tuple[str, ...], Report] = {}
    for report in reports:
        names = tuple(dict.fromkeys(finding.target for finding in report.findings))
        known = kept.get(names)
        if known is None or report.verdict.severity >= known.verdict.severity:
            kept[names] = report
    return list(kept.values())


class _Collector:
    """Collects on the controller, where the terminal and the files are."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test found."""
        self.config.stash[_FOUND] += [tuple(found) for found in getattr(report, "gradcheck", ())]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to collect."""
    session.config.pluginmanager.register(_Collector(session.config), "gradcheck-collector")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the reports that were asked for."""
    config = session.config
    if hasattr(config, "workerinput") or not config.getoption("--gradcheck-report"):
        return
    from gradcheck.report.write import write

    report = _whole(config)
    for kind, path in _places(config):
        write(report, kind, path)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the worst check of each layer."""
    rows = config.getoption("--gradcheck-rows")
    if not config.stash[_FOUND] or rows == "none":
        return
    from gradcheck.report.terminal import section

    terminalreporter.section("gradcheck")
    width = terminalreporter._tw.fullwidth
    terminalreporter.write(section(_whole(config), width=width, color=terminalreporter.hasmarkup, every=rows == "all"))


def _whole(config: pytest.Config) -> Report:
    """Return one report of the whole run; targets of one name in two tests are told apart by the test."""
    from gradcheck.merge import Part, joined
    from gradcheck.report import Report

    found = config.stash[_FOUND]
    return joined([Part(test, Report.from_json(text, origin=test), nth, place) for test, nth, place, text in found])


@pytest.fixture(scope="session")
def gradcheck_report(request: pytest.FixtureRequest) -> Any:
    """Return a function that gives the report of everything checked so far in this session (or xdist worker)."""
    return lambda: _whole(request.config)
