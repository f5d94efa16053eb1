"""What a mistake is called in functions of plain numpy: written anew, as people write them."""

import pytest

import gradcheck
from gradcheck import Verdict
from tests.planted.functions import FUNCTIONS, MISTAKES


def name(function, mistake):
    return f"{function.name}: {mistake}"


def holds(function, mistake):
    report = gradcheck.check(function.target(mistake))
    wrong = {f.wrt for f in report.findings if f.verdict.wrong and f.wrt}
    said = {f.wrt: f.pattern for f in report.findings if f.verdict.wrong and f.pattern}
    due = function.mistakes[mistake]
    assert wrong == set(due), str(report)
    for quantity, slugs in due.items():
        if slugs:
            assert said.get(quantity) in slugs, str(report)
        else:
            assert said.get(quantity) in (None, "part"), str(report)  # where it is wrong is always true


@pytest.mark.parametrize(("function", "mistake"), MISTAKES[::3], ids=[name(*m) for m in MISTAKES[::3]])
def test_a_mistake_is_named(function, mistake):
    holds(function, mistake)


@pytest.mark.parametrize("function", FUNCTIONS, ids=[f.name for f in FUNCTIONS])
def test_the_right_backward_agrees(function):
    assert gradcheck.check(function.target()).verdict in (Verdict.AGREES, Verdict.KINK)


@pytest.mark.slow
@pytest.mark.parametrize(("function", "mistake"), MISTAKES, ids=[name(*m) for m in MISTAKES])
def test_every_mistake_is_named(function, mistake):
    holds(function, mistake)
