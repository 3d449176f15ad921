"""Check the programs of users with mypy and pyright: those of the README, and `test_types.py`.

What the two say of them is what a user's editor says. Run by ``make check``.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Return 0 if no checker has anything to say."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(ROOT / "tests" / "test_types.py")]
        for number, block in enumerate(blocks, 1):
            path = Path(folder, f"readme_block_{number}.py")
            has_import = "import feedforward as ff" in block  # the first block's stands for all
            path.write_text(block if has_import else f"import feedforward as ff\n\n{block}", encoding="utf-8")
            files.append(str(path))
        print(f"types of {len(blocks)} programs in README.md and of tests/test_types.py", flush=True)
        checkers = (["mypy"], ["basedpyright", "--project", str(ROOT / "pyproject.toml")])
        codes = [subprocess.run([sys.executable, "-m", *checker, *files], cwd=ROOT).returncode for checker in checkers]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
