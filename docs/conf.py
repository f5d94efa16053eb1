"""Sphinx: everything is built from the pages here and from the docstrings, and nothing is fetched."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

import gradcheck  # noqa: E402  # found by the path above, installed or not

project = "gradcheck"
version = release = gradcheck.__version__
# napoleon, which comes with Sphinx, and not numpydoc: docstrings here have Args, Returns and Raises, which numpydoc
# does not read
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "plain_docstrings", "told_by_the_code"]
exclude_patterns = ["_build", "figures/*.py"]
default_role = "code"
smartquotes = False  # it makes dashes of the options in docstrings
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {
    "description": gradcheck.__doc__.splitlines()[0],
    "fixed_sidebar": True,
    "page_width": "1120px",
    "code_font_size": "0.78em",  # a report of 100 columns fits
}
html_copy_source = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
