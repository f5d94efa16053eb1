"""Run every example of the pages, and put what it prints today in place of what they show.

python docs/refresh.py [PAGE]...

Only output that differs in more than digits and spacing is replaced. Read the difference before it is committed: an
output that changed is a finding about the product first, and "…" for lines left out has to be put in again by hand.
"""

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.examples import played, restructured, rewritten  # noqa: E402  # found by the path above

for page in map(Path, sys.argv[1:] or sorted(HERE.rglob("*.rst"))):
    text = page.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        outcomes = list(played(restructured(text), Path(folder)))
    for outcome in outcomes:
        if outcome.shown is None and not outcome.right:
            print(f"{page}: failed: {outcome.command}\n{outcome.printed}")
    new = rewritten(text, outcomes)
    if new != text:
        page.write_text(new, "utf-8")
        print(f"{page}: output replaced")
