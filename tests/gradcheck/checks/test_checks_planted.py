"""Every check finds the faults that are planted for it, and passes their right twins."""

import pytest
from planted_checks import PLANTED, affine

import gradcheck
from gradcheck import Verdict

# a backward that writes into x spoils its own second call, in every gradient that needs x
ALONE = [p for p in PLANTED if p.wrt in ("W", "b", "x") and p.check != "contract.mutation"]


def at(report, planted):
    """The findings of the check that the fault is planted for, at its place."""
    return [f for f in report.findings if f.check == planted.check and f.wrt == planted.wrt]


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_a_planted_fault_is_found_by_its_check_at_its_place(planted):
    report = gradcheck.check(planted.wrong())
    found = at(report, planted)
    assert found, [(f.check, f.wrt, f.verdict) for f in report.failures]
    assert any(f.verdict.wrong for f in found)
    assert all(f.message for f in report.failures)
    assert not report.ok
    assert report.exit_code == 1


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_the_right_twin_passes_every_check(planted):
    report = gradcheck.check(planted.right(), effort="thorough")
    assert report.verdict is Verdict.AGREES, str(report)
    assert report.ok


@pytest.mark.parametrize("planted", ALONE, ids=str)
def test_a_fault_in_one_input_is_told_of_no_other(planted):
    report = gradcheck.check(planted.wrong())
    assert {f.wrt for f in report.failures} <= {planted.wrt, ""}, [f.id for f in report.failures]


def test_every_check_that_a_plain_target_gets_has_a_fault_planted_for_it():
    asked = {f.check for f in gradcheck.check(affine()).findings}
    assert asked <= {planted.check for planted in PLANTED}
    for check in gradcheck.checks_for(affine()):
        assert check.explanation, f"{check.id} has no docstring"


def test_a_verdict_about_form_is_malformed_and_one_about_numbers_disagrees():
    for planted in PLANTED:
        expected = (
            {Verdict.DISAGREES} if planted.check.startswith(("gradient", "adjoint", "second")) else {Verdict.MALFORMED}
        )
        found = [f.verdict for f in at(gradcheck.check(planted.wrong(), effort="quick"), planted) if f.verdict.wrong]
        if planted.check != "gradient.entries":  # the quick effort measures no entries but those of a suspect
            assert set(found) == expected, str(planted)
