"""Imports go down: a module imports only from rooms below its own, and the two packages keep apart."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the front ends down; rooms on one line may import each other.
ROOMS = (
    ("__main__",),
    ("cli", "pytest_plugin"),
    ("commands",),
    ("jobs", "backends", "testing"),
    ("compat",),
    ("audit", "coverage", "gate", "merge", "explain", "selftest"),
    ("discover", "loading", "select", "strategies", "counterexample"),
    ("checks",),
    ("diagnosis",),
    ("report",),
    ("compare", "probes", "faults"),
    ("adapt",),
    ("config",),
    (
        *("target", "point", "norms", "pieces", "estimate", "settings"),
        *("errors", "tree", "linear", "session", "inputs", "recipe", "streams", "paths"),
    ),
)
LEVEL = {room: level for level, rooms in enumerate(reversed(ROOMS)) for room in rooms}


def modules(package):
    return [p for p in sorted((ROOT / package).rglob("*.py")) if "__pycache__" not in p.parts]


def room(dotted):
    """The room of gradcheck.probes.line is probes; of gradcheck itself, none."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def type_checking(file):
    """What is imported for annotations only."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in ast.walk(node):
                if isinstance(each, ast.ImportFrom):
                    yield each.module
                    yield from (f"{each.module}.{alias.name}" for alias in each.names)


@pytest.mark.parametrize("file", modules("gradcheck"), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_rooms_below_its_own(file):
    dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    own = room(dotted)
    if own == "__init__":  # lazy: it names every room
        return
    assert own in LEVEL, f"{own} has no place in the order of rooms"
    for name in set(imports(file)) - set(type_checking(file)):
        other = room(name) if name.split(".")[0] == "gradcheck" else ""
        if other in LEVEL and other != own:
            assert LEVEL[other] <= LEVEL[own], f"{dotted} imports {name}, which stands above it"


def test_the_checker_never_imports_the_network_core_nor_the_core_the_checker():
    for package, other in (("gradcheck", "netcore"), ("netcore", "gradcheck")):
        for file in modules(package):
            assert not [name for name in imports(file) if name.split(".")[0] == other], file


def test_renderers_see_nothing_but_the_report():
    allowed = {"report", "compare", "errors", "target", ""}
    for file in modules("gradcheck/report"):
        rooms = {room(name) for name in imports(file) if name.split(".")[0] == "gradcheck"}
        assert rooms & set(LEVEL) <= allowed, file


def test_nobody_draws_from_the_global_generator():
    for file in (*modules("gradcheck"), *modules("netcore")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np.random":
                assert node.attr in {"default_rng", "Generator", "SeedSequence", "BitGenerator"}, file
