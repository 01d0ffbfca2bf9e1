"""Printing the tables of the benchmarks."""


def row(name: str, *cells: str) -> None:
    """One line: a name and its figures, right-aligned."""
    print(f"  {name:42}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def number(value: float) -> str:
    """A figure with one decimal, or none from a hundred on."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
