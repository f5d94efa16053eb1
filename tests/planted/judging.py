"""Judge a report of a planted network: who was blamed, and what the mistake was called."""

import gradcheck
from gradcheck import adapt

NAMED, UNNAMED, MISNAMED, SILENT, SAID = "named", "unnamed", "misnamed", "silent", "said"


def blamed(targets):
    report = gradcheck.check(targets)
    return set(report.culprits), report


def names(plant, report):
    """Yield (culprit, judgement, slug) for each fault of a plant; outside the catalogue silence is right."""
    said = {}
    for f in report.findings:
        if f.quantity in plant.culprits and f.pattern and f.verdict.wrong:
            said.setdefault(f.quantity, f.pattern)
    for culprit in plant.culprits:
        slug, rightly = said.get(culprit), plant.slugs(culprit)
        if rightly:
            yield culprit, UNNAMED if slug is None else NAMED if slug in rightly else MISNAMED, slug
        else:
            yield culprit, SILENT if slug is None else SAID, slug


def told(forward, back, **inputs):
    """Return {quantity: slug} of what is wrong in back(*inputs, dy), and all that is said of it."""
    target = adapt.vjp(forward, lambda i, dy: back(*i, dy), *inputs.values(), names=tuple(inputs), name="f")
    report = gradcheck.check(target)
    wrong = [f for f in report.findings if f.verdict.wrong and f.wrt]
    assert wrong, str(report)
    return {f.wrt: f.pattern for f in wrong}, "\n".join(f.message for f in wrong)
