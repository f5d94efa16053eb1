"""The public names, written down a second time, so that none comes or goes unnoticed."""

import importlib
import inspect
import subprocess
import sys
from dataclasses import fields

import pytest

import gradcheck

PUBLIC = {
    "Comparison",
    "ConfigurationError",
    "Estimate",
    "Finding",
    "GradcheckError",
    "GradientMismatch",
    "InputError",
    "Point",
    "Report",
    "Settings",
    "Target",
    "TargetError",
    "Verdict",
    "adapt",
    "assert_agrees",
    "at",
    "check",
    "checks_for",
    "given",
    "parametrize",
    "strategies",
}
FINDING = {
    *("target", "layer", "check", "wrt", "verdict", "message", "pattern", "reproduce", "source", "worst", "wrong"),
    *("claimed", "measured", "error", "gap", "allowed", "resolution"),
}
REPORT = ["ok", "verdict", "findings", "culprits", "contaminated"]
VERDICTS = ["AGREES", "KINK", "INCONCLUSIVE", "DISAGREES", "MALFORMED", "RAISED"]


def test_the_public_names_are_these():
    assert set(gradcheck.__all__) == PUBLIC
    assert set(dir(gradcheck)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_loads_and_is_documented(name):
    thing = getattr(gradcheck, name)
    assert inspect.getdoc(thing)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gradcheck' has no attribute 'chek'"):
        _ = gradcheck.chek


def test_records_have_the_fields_of_the_contract():
    for kind, due in ((gradcheck.Finding, FINDING), (gradcheck.Report, set(REPORT))):
        assert {field.name for field in fields(kind)} | set(dir(kind)) >= due
    assert [verdict.name for verdict in gradcheck.Verdict] == VERDICTS


def test_importing_the_package_imports_nothing_else():
    code = (
        "import sys, gradcheck; print(sorted(m for m in sys.modules if m.split('.')[0] in {'numpy', 'scipy', 'rich'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_home_of_a_lazy_name_is_the_module_that_defines_it():
    for name, home in gradcheck._HOMES.items():
        module = importlib.import_module(home)
        assert name in gradcheck._MODULES or hasattr(module, name)
