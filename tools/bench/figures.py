"""A figure with its floor, the table that a person reads, and the list that a program reads."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured.
        value: the product's figure.
        unit: its unit.
        floor: what the machine gives, in this run, to the least program that does the same.
        note: the aim and whether it was met, and what the floor is.
    """

    name: str
    value: float
    unit: str
    floor: float | None
    note: str

    @property
    def ratio(self) -> float | None:
        """The product's figure in floors."""
        return self.value / self.floor if self.floor else None


def aimed(name: str, value: float, unit: str, floor: float | None, note: str, aim: tuple[str, float]) -> Figure:
    """A figure with an aim: (">" or "<", bound); the note begins with whether it was met."""
    direction, bound = aim
    met = value >= bound if direction == ">" else value <= bound
    sign = "≥" if direction == ">" else "≤"
    return Figure(name, value, unit, floor, f"aim {sign} {bound:g}: {'met' if met else 'MISSED'}; {note}")


def percentile(sorted_values: list[float], share: float) -> float:
    """The value below which ``share`` of them lie; NaN when there are none."""
    if not sorted_values:
        return math.nan
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def show(figures: list[Figure], console: Console) -> None:
    """Print the table."""
    table = Table(title="make bench", title_justify="left")
    table.add_column("figure")
    for name in ("value", "floor", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    table.add_column("note")
    for each in figures:
        floor = "" if each.floor is None else _short(each.floor)
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        colour = "red" if "MISSED" in each.note else "green" if "met" in each.note else ""
        value = f"[{colour}]{_short(each.value)}[/]" if colour else _short(each.value)
        table.add_row(each.name, value, floor, ratio, each.unit, each.note)
    console.print(table)


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def write(figures: list[Figure], path: Path) -> None:
    """Write the list that a program reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(each) | {"ratio": each.ratio} for each in figures]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
