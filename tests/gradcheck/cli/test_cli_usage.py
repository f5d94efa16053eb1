"""What cannot be meant is refused with exit code 2, in a sentence that says what to do."""

import pytest

USAGE = [
    (["audti"], "No module named 'audti'; did you mean 'audit'?"),
    (["fualty"], "No module named 'fualty'; did you mean 'faulty'?"),
    (["fualty.py"], "No file 'fualty.py'; did you mean 'faulty.py'?"),
    (["faulty:gradcheck_target"], "faulty has no 'gradcheck_target'; did you mean 'gradcheck_targets'?"),
    (["worded.py:tagrets"], "worded.py has no 'tagrets'; did you mean 'targets'?"),
    (["worded:target"], "worded has no 'target'; did you mean 'targets'?"),
    (["faulty.py:targets"], "faulty.py has no 'targets'; did you mean 'gradcheck_targets'?"),
    (["faulty.py:xyz"], "faulty.py has no 'xyz'; it has gradcheck_targets, Dense, Relu"),
    (["faulty.py:Dense.bakward"], "faulty.py has no 'Dense.bakward'; did you mean 'Dense.backward'?"),
    (["faulty:Relu"], "faulty:Relu: say at which inputs it is to be checked: --input x=8x16"),
    (["faulty:np.pi"], "or a function that yields them, but got float"),
    (["faulty", "--efort", "quick"], "Did you mean"),
    (["faulty", "--effort", "fast"], "'fast' is not one of 'quick', 'standard', 'thorough'"),
    (["faulty", "--seed", "-1"], "-1 is not in the range x>=0"),
    (["faulty", "--resolution", "2"], "Expected `float` < 1.0, but got resolution=2.0 in --resolution"),
    (["faulty", "--report", "jsn:x"], "Expected --report KIND:PATH with KIND one of json"),
    (
        ["faulty", "--report", "html:a", "--report", "json:a"],
        "Expected a path of its own for each --report but got 'a'",
    ),
    (["raises"], "raises cannot be loaded: ZeroDivisionError: division by zero ("),
    (["raises"], "raises.py:2)"),
    (["syntax.py"], "SyntaxError: invalid syntax"),
    (["needs"], "needs cannot be loaded: ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    (["quits"], "quits cannot be loaded: SystemExit: 0"),
    (["adapter"], "adapter: target 'a': no adapter 'layr' in gradcheck.adapt; did you mean 'layer'?"),
    (["worded"], "worded: target 'a': adapt.activation takes no 'acts'; did you mean 'act'?"),
    (["nan"], "nan: target 'a': Expected finite numbers in x but got 1 NaN or infinite of 2, the first at x[1]"),
    (["integer"], "integer: target 'a': Expected floating-point numbers for x but got dtype=int64"),
]
BROKEN = {
    "raises": "x = 1\ny = 1 / 0\n",
    "syntax": "def f(:\n",
    "needs": "import nowhere_to_be_found\n",
    "quits": "raise SystemExit(0)\n",
    "adapter": "targets = [{'adapt': 'layr', 'name': 'a'}]\n",
    "worded": "targets = [{'adapt': 'activation', 'name': 'a', 'acts': 1}]\n",
    "nan": "import numpy as np\nfrom faulty import Relu\n"
    "targets = [{'adapt': 'activation', 'name': 'a', 'act': Relu(), 'x': np.array([1.0, np.nan])}]\n",
    "integer": "import numpy as np\nfrom faulty import Relu\n"
    "targets = [{'adapt': 'activation', 'name': 'a', 'act': Relu(), 'x': np.array([1, 2])}]\n",
}


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=[" ".join(a) + " " + s[-12:] for a, s in USAGE])
def test_what_cannot_be_meant_exits_with_2_and_says_what_was_expected(gradcheck, project, arguments, said):
    for name, text in BROKEN.items():
        (project / f"{name}.py").write_text(text)
    done = gradcheck(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
