"""What a module offers to the public has a target, wherever it is defined and however it is offered."""

import pytest

LAYER = '''
import numpy as np
from abc import ABC, abstractmethod
from typing import Protocol


class Shape(Protocol):
    def init(self, rng): ...
    def forward(self, params, x, *, rng=None): ...
    def backward(self, params, cache, dy): ...


class Base(ABC):
    @abstractmethod
    def __call__(self, x): ...
    def grad(self, x): ...


class Twice:
    """A layer."""

    def init(self, rng):
        return {}

    def forward(self, params, x, *, rng=None):
        return 2 * x, None

    def backward(self, params, cache, dy):
        return 2 * dy, {}


class Helper:
    def grad(self, x):
        return x
'''
CUBE = """
class Cube:
    def __call__(self, x):
        return x ** 3

    def grad(self, x):
        return 3 * x ** 2
"""
TARGETS = """

def gradcheck_targets():
    yield {"adapt": "layer", "layer": Twice(), "params": {}, "x": np.array([[0.3, -1.2], [2.0, 0.7], [0.1, 0.4]])}
"""


@pytest.fixture
def package(project):
    folder = project / "net"
    (folder / "parts").mkdir(parents=True)
    (folder / "__init__.py").write_text(LAYER + TARGETS)
    (folder / "parts" / "__init__.py").write_text("")
    return folder


def test_protocols_abstract_classes_and_helpers_need_no_target(gradcheck, package):
    done = gradcheck("net", columns=200)
    assert done.returncode == 0, done.stdout
    assert "every public layer, activation and loss has a target (1)" in done.stdout


PLACES = {
    "in a submodule": ("parts/cube.py", CUBE, "net.parts.cube.Cube is an activation or loss"),
    "as an instance in a registry": (
        "parts/acts.py",
        f"{CUBE}ACTS = {{'cube': Cube()}}\ndel Cube\n",
        "ACTS['cube'] is an",
    ),
    "as a class in a registry": ("parts/acts.py", f"{CUBE}ACTS = {{'cube': Cube}}\ndel Cube\n", "ACTS['cube'] is an"),
    "in __all__ from elsewhere": (
        "__init__.py",
        "from other import Cube\n__all__ = ['Cube', 'Twice']\n",
        "net.Cube is an",
    ),
}


@pytest.mark.parametrize("where", sorted(PLACES))
def test_a_class_that_nobody_checks_is_found(gradcheck, project, package, where):
    file, text, said = PLACES[where]
    (project / "other.py").write_text(CUBE)
    with (package / file).open("a") as opened:
        opened.write(text)
    done = gradcheck("net", columns=200)
    assert done.returncode == 1
    assert said in done.stdout


@pytest.mark.parametrize("text", [CUBE.replace("Cube", "_Cube"), "from other import Cube\n"])
def test_what_is_private_or_only_imported_needs_no_target(gradcheck, project, package, text):
    (project / "other.py").write_text(CUBE)
    (package / "parts" / "cube.py").write_text(text)
    assert gradcheck("net").returncode == 0


def test_a_private_submodule_needs_no_target(gradcheck, package):
    (package / "_cube.py").write_text(CUBE)
    assert gradcheck("net").returncode == 0


def test_a_submodule_that_cannot_be_imported_does_not_count_as_covered(gradcheck, package):
    (package / "broken.py").write_text("import nowhere_to_be_found\n")
    done = gradcheck("net", columns=200)
    assert done.returncode == 1
    assert "net.broken cannot be imported, so nobody knows what it offers: ModuleNotFoundError" in done.stdout


def test_a_models_end_to_end_gradient_covers_no_class(gradcheck, package):
    (package / "parts" / "model.py").write_text(
        "class Model:\n"
        "    def init(self, rng): return {}\n"
        "    def forward(self, x): return x\n"
        "    def backward(self, y, y_hat): pass\n"
    )
    done = gradcheck("net", columns=200)
    assert done.returncode == 1
    assert "net.parts.model.Model is a layer (init, forward, backward) that no target checks" in done.stdout


def test_a_module_without_the_convention_is_not_asked_for_more(gradcheck, project):
    (project / "plain.py").write_text(LAYER + CUBE + TARGETS.replace("gradcheck_targets", "targets"))
    assert gradcheck("plain").returncode == 0
