"""Oracle: the list of floors in docs/architecture.md, against the imports that stand in the source."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "feedforward"
FILES = sorted(PACKAGE.rglob("*.py"))


def floors() -> dict[str, int]:
    """The number of the line on which each file or folder of the package stands in the house, the top being 0."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    house = text.partition("## The house")[2].partition("```\n")[2].partition("```")[0]
    rows = [re.split(r"\s{3,}", line)[0].split() for line in house.splitlines()]
    return {name.rstrip("/").removesuffix(".py"): number for number, row in enumerate(rows) for name in row}


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """The modules of the package that a file imports when it is imported itself, each with its line."""
    pending: list[ast.stmt] = [*ast.parse(path.read_text(encoding="utf-8")).body]
    while pending:
        statement = pending.pop()
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] == "feedforward":
            parts = (statement.module or "").split(".")[1:]
            names = [".".join(parts)] if parts else [alias.name for alias in statement.names]
            yield from ((name, statement.lineno) for name in names if name != "__version__")
        elif isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
            yield from ((name.partition(".")[2], statement.lineno) for name in names if name.startswith("feedforward."))
        elif isinstance(statement, ast.If | ast.Try) and "TYPE_CHECKING" not in ast.dump(statement):
            pending += [node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_every_file_stands_in_the_house() -> None:
    known = floors()
    missing = {module_of(path).split(".")[0] for path in FILES} - known.keys() - {"__init__", "__main__"}
    assert not missing, f"docs/architecture.md has no floor for {sorted(missing)}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down(path: Path) -> None:
    known = floors()
    module = module_of(path)
    if module in ("__init__", "__main__"):
        return
    own = known[module.split(".")[0]]
    whole = known["function"]  # what the package itself has comes from there and below
    up = [f"line {line}: {name}" for name, line in imports(path) if known.get(name.split(".")[0], whole) < own]
    assert not up, f"{module} imports what stands above it: {up}"


def test_labs_use_the_names_that_users_have() -> None:
    private = [
        f"{module_of(path)}, line {line}: {name}"
        for path in (PACKAGE / "labs").rglob("*.py")
        for name, line in imports(path)
        if "." in name and not name.startswith("labs.")
    ]
    assert not private


@pytest.mark.parametrize(("folder", "section"), [("nn", "What networks are made of"), ("training", "Training")])
def test_a_folder_is_read_from_the_bottom_up_as_its_table_says(folder: str, section: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", text.partition(f"## {section}\n")[2].partition("\n## ")[0], re.M)
    place = {
        name.rstrip("/").removesuffix(".py"): row
        for row, names in enumerate(rows)
        for name in names[1:-1].split("`, `")
    }
    files = {
        module_of(path): path for path in FILES if path.parent != PACKAGE and module_of(path).startswith(f"{folder}.")
    }
    assert {module.split(".")[1] for module in files} == place.keys()
    up = [
        f"{module}, line {line}: {name}"
        for module, path in files.items()
        for name, line in imports(path)
        if name.startswith(f"{folder}.") and place[name.split(".")[1]] > place[module.split(".")[1]]
    ]
    assert not up


def code_lines(path: Path) -> int:
    """The lines of a file that hold code: no blank ones, no comments, no docstrings."""
    text = path.read_text(encoding="utf-8")
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in empty]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def test_the_core_is_as_small_as_the_architecture_says() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    most = re.search(r"at most ([\d,]+) lines of code", text)
    assert most is not None
    core = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in ("graph", "ops", "compiler", "backends")]
    assert sum(map(code_lines, core)) <= int(most[1].replace(",", ""))


def test_no_file_is_longer_than_a_reader_will_read() -> None:
    lengths = {module_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {name: length for name, length in lengths.items() if length > 850}
