"""Oracle: Python's own record of what was imported, in a new process."""

import subprocess
import sys

HEAVY = ("llvmlite", "rich", "click", "scipy", "sklearn", "jax", "torch", "tensorflow", "pandas", "matplotlib")


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, feedforward; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
