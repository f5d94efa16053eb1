"""Questions asked of targets that `adapt.object` makes: what is claimed of them, and which quantity is wrong."""

import numpy as np

from gradcheck import Verdict, adapt, check

__all__ = ["H", "X", "assert_right", "assert_wrong_in", "draw", "rows"]

RNG = np.random.default_rng(11)
X, H = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2))


def draw(*shape):
    return np.random.default_rng(shape).normal(size=shape)


def rows(target):
    report = check(target, effort="quick")
    return report, {f.wrt for f in report.findings if f.wrt}


def assert_right(thing, *inputs, claimed, **told):
    report, found = rows(adapt.object(thing, *inputs, **told))
    assert report.ok, str(report)
    assert found == claimed


def assert_wrong_in(thing, *inputs, wrt, **told):
    report, _ = rows(adapt.object(thing, *inputs, **told))
    assert report.verdict is Verdict.DISAGREES, str(report)
    assert {quantity for _, quantity in report.culprits} == {wrt}
