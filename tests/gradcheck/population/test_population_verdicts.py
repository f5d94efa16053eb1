"""The population at the default settings: right rules are verified, wrong ones told, border cases at worst left open.

The suite takes every so-many-th rule, another share for each seed; all of them at three seeds are marked slow.
"""

import pytest
from judging import is_border, label, verdict

from gradcheck import Verdict
from tests.population import RIGHT, WRONG

VERIFIED = {Verdict.AGREES, Verdict.KINK}
# rules of 100,000 inputs cost seconds where they are wrong
SLOW = ("large:",)


def share(rules, stride, start):
    return [rule for rule in rules[start::stride] if stride == 1 or not rule.name.startswith(SLOW)]


def holds_right(rule, seed):
    report = verdict(rule, seed)
    allowed = VERIFIED | ({Verdict.INCONCLUSIVE} if is_border(rule) else set())
    assert report.verdict in allowed, f"{rule.note}\n{report}"


def holds_wrong(rule, seed):
    report = verdict(rule, seed)
    assert report.verdict.wrong or (is_border(rule) and report.verdict is Verdict.INCONCLUSIVE), (
        f"{rule.slug} of size {rule.size}, {rule.note}\n{report}"
    )


@pytest.mark.parametrize("rule", share(RIGHT, 18, 0), ids=label)
def test_a_right_rule_is_verified(rule):
    holds_right(rule, 0)


@pytest.mark.parametrize("rule", share(RIGHT, 28, 5), ids=label)
def test_a_right_rule_is_verified_at_another_seed(rule):
    holds_right(rule, 1)


@pytest.mark.parametrize("rule", share(WRONG, 21, 4), ids=label)
def test_a_wrong_rule_is_told(rule):
    holds_wrong(rule, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("rule", share(RIGHT, 1, 0), ids=label)
def test_every_right_rule_is_verified(rule, seed):
    holds_right(rule, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("rule", share(WRONG, 1, 0), ids=label)
def test_every_wrong_rule_is_told(rule, seed):
    holds_wrong(rule, seed)
