"""Running targets: what is taken, what becomes of errors, and what the report sums up."""

import numpy as np
import pytest

import gradcheck
from gradcheck import GradientMismatch, InputError, Settings, Verdict, adapt
from gradcheck.audit import examine, run

X = np.random.default_rng(91).normal(size=(2, 3))


def sine(factor=1.0, name="sine", x=X):
    return adapt.vjp(np.sin, lambda i, u: (factor * u * np.cos(i[0]),), x, names=("x",), name=name)


LUCK = ValueError("no such luck")


def broken(error=LUCK):
    def vjp(inputs, u):
        raise error

    return adapt.vjp(np.sin, vjp, X, names=("x",), name="broken")


@pytest.mark.parametrize(
    "targets", [[3], ["text"], [None], [np.sin], "text", [sine(), 3]], ids=lambda t: type(t[-1]).__name__
)
def test_what_is_no_target_is_refused(targets):
    with pytest.raises(InputError, match=r"Expected targets made by gradcheck.adapt but got \w+: wrap it"):
        gradcheck.check(targets)


@pytest.mark.parametrize("thing", [3, np.sin, None], ids=["number", "function", "None"])
def test_a_thing_that_is_neither_target_nor_targets_is_refused_in_the_same_words(thing):
    with pytest.raises(InputError, match=r"Expected targets made by gradcheck.adapt but got \w+: wrap it"):
        gradcheck.check(thing)


def test_nothing_to_check_is_not_verified():
    report = gradcheck.check([])
    assert not report.ok
    assert report.exit_code == 5
    with pytest.raises(GradientMismatch, match="nothing was checked: no targets"):
        gradcheck.assert_agrees([])


def test_one_target_and_an_iterable_of_one_are_the_same():
    assert gradcheck.check(sine()).findings == gradcheck.check([sine()]).findings
    assert gradcheck.check(t for t in [sine()]).findings == gradcheck.check(sine()).findings


@pytest.mark.parametrize(
    ("targets", "verdict", "code"),
    [
        ([sine()], Verdict.AGREES, 0),
        ([sine(), sine(1.01, "wrong")], Verdict.DISAGREES, 1),
        ([sine(), broken()], Verdict.RAISED, 1),
        ([sine(1.01, "wrong"), broken()], Verdict.RAISED, 1),
    ],
)
def test_the_worst_verdict_decides(targets, verdict, code):
    report = gradcheck.check(targets)
    assert report.verdict is verdict
    assert report.exit_code == code
    assert report.ok == (code == 0)


def test_what_stays_open_is_not_verified_and_has_an_exit_code_of_its_own():
    noisy = adapt.vjp(
        lambda x: np.sin(x).astype(np.float32) * 1.0, lambda i, u: (u * np.cos(i[0]),), X, names=("x",), name="coarse"
    )
    report = gradcheck.check(noisy, resolution=1e-9)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert (report.ok, report.exit_code) == (False, 4)
    assert all(f.reason for f in report.findings if f.verdict is Verdict.INCONCLUSIVE)


def test_an_error_of_the_users_is_kept_with_where_it_was_raised():
    [finding] = [f for f in gradcheck.check(broken()).findings if f.verdict is Verdict.RAISED]
    assert "ValueError: no such luck" in finding.message
    assert "test_audit.py:" in finding.message


def test_one_broken_target_does_not_keep_the_others_from_being_checked():
    report = gradcheck.check([broken(), sine()])
    assert {f.target for f in report.findings} == {"broken", "sine"}
    assert all(f.verdict is Verdict.AGREES for f in report.findings if f.target == "sine")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_an_interruption_is_nobodys_verdict(error):
    with pytest.raises(type(error)):
        gradcheck.check(broken(error))


def test_every_target_is_told_before_it_is_examined():
    told = []
    run([sine(name="a"), sine(name="b")], Settings(), progress=lambda target: told.append(target.name))
    assert told == ["a", "b"]


def test_assert_agrees_returns_the_report_or_raises_with_it():
    assert gradcheck.assert_agrees(sine()).ok
    with pytest.raises(GradientMismatch, match=r"x\[\d, \d\] claimed .*, measured ") as caught:
        gradcheck.assert_agrees(sine(2.0))
    assert isinstance(caught.value, AssertionError)
    assert caught.value.report.verdict is Verdict.DISAGREES
    assert caught.value.finding.verdict is Verdict.DISAGREES


def test_a_declared_tolerance_lets_a_deliberate_approximation_pass():
    rough = sine(1 + 2e-6)
    assert gradcheck.check(rough).verdict is Verdict.DISAGREES
    assert gradcheck.check(rough, tolerance=1e-5).ok
    assert not gradcheck.check(sine(1 + 2e-4), tolerance=1e-5).ok


def test_a_resolution_that_cannot_be_had_stays_open():
    assert gradcheck.check(sine(), resolution=1e-9).ok
    assert gradcheck.check(sine(), resolution=1e-15).verdict is Verdict.INCONCLUSIVE


def test_more_effort_sees_the_same_fault_and_spends_more():
    costs = []
    for effort in ("quick", "standard", "thorough"):
        report = gradcheck.check(sine(x=np.random.default_rng(1).normal(size=(5, 7))), effort=effort)
        assert report.ok
        costs.append(sum(f.evaluations for f in report.findings))
    assert costs == sorted(costs)
    assert costs[0] < costs[1] < costs[2]


def test_warnings_of_the_users_code_at_far_steps_are_silenced_and_the_error_state_is_left_alone():
    before = np.geterr()
    x = np.abs(X) + 1e-3
    report = gradcheck.check(adapt.vjp(np.log, lambda i, u: (u / i[0],), x, names=("x",), name="log"))
    assert report.ok
    assert np.geterr() == before


def test_after_a_forward_that_is_not_finite_nothing_is_measured():
    target = adapt.vjp(np.log, lambda i, u: (u / i[0],), -np.abs(X), names=("x",), name="log")
    checks = [f.check for f in examine(target, Settings())]
    assert checks[-1] == "value.finite"
    assert not any(check.startswith("gradient") for check in checks)


def test_every_finding_points_at_the_backward():
    report = gradcheck.check(sine(2.0))
    file, line = report.failures[0].source
    assert file.endswith("test_audit.py")
    assert line == sine.__code__.co_firstlineno + 1


def test_a_report_names_what_it_was_made_with():
    report = gradcheck.check(sine(), seed=3, effort="quick")
    assert (report.seed, report.effort) == (3, "quick")
    assert dict(report.environment)["numpy"] == np.__version__
    assert report.seconds > 0
