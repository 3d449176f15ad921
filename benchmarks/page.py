"""The page RESULTS.md, and the file results.json from which it is written: one entry a part, so each can run alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.targets import TARGETS, Target

FOLDER = Path(__file__).parent


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column to the left, the others to the right."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, marks, *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def read_results(path: Path) -> dict[str, Any]:
    """Return what earlier runs have measured, by part; nothing when there is no file."""
    if not path.exists():
        return {}
    results: dict[str, Any] = json.loads(path.read_text())
    return results


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Write the file of all results, a list of numbers in a line."""
    text = json.dumps(results, indent=1)
    write(path, re.sub(r"\[[^\[\]{}]*\]", lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n")


def write(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


def render_page(results: dict[str, Any]) -> str:
    """Return the whole page.

    Parameters
    ----------
    results : dict
        For each part that has run: ``{"raw": ..., "date": ..., "machine": ...}``.
    """
    from benchmarks.parts import PARTS, load_part

    measured = [part for part in PARTS if part in results]
    figures = {part: load_part(part).figures(results[part]["raw"]) for part in measured}
    sections = [load_part(part).render(results[part]["raw"]) for part in measured]
    return "\n\n".join(["# Results", _ORIGIN, _machines(results, measured), _summary(figures), *sections]) + "\n"


_ORIGIN = "Written by `make bench`; what is measured, and how, stands in [README.md](README.md)."


def _machines(results: dict[str, Any], measured: Sequence[str]) -> str:
    """Return which part was measured when and where, and the versions of all packages."""
    versions: dict[str, str] = {}
    rows = []
    for part in measured:
        machine = results[part]["machine"]
        versions |= results[part]["versions"]
        place = f"{machine['processor']}, {machine['used']} of {machine['processors']} processors, {machine['system']}"
        rows.append([part, results[part]["date"], place, f"Python {machine['python']}", str(machine["load"])])
    packages = ", ".join(f"{package} {version}" for package, version in sorted(versions.items()))
    return table(["part", "date", "machine", "", "load before"], rows) + f"\n\nVersions: {packages or 'unknown'}."


def _summary(figures: dict[str, dict[str, float | str]]) -> str:
    """Return every target with what was measured."""
    rows = [_row(target, figures.get(target.part, {}).get(target.key)) for target in TARGETS]
    met = sum(row[-1] == "yes" for row in rows)
    lines = ["## Targets", "", f"{met} of {len(rows)} are met.", ""]
    return "\n".join([*lines, table(["figure", "target", "measured", "met"], rows)])


def _row(target: Target, figure: float | str | None) -> list[str]:
    limit = f"{'>=' if target.is_least else '<='} {target.limit:g} {target.unit}".rstrip()
    if figure is None or isinstance(figure, str):
        return [target.meaning, limit, figure or "not measured", "no" if figure else ""]
    verdict = "yes" if target.is_met(figure) else "**no**"
    return [target.meaning, limit, f"{figure:.3g} {target.unit}".rstrip(), verdict]
