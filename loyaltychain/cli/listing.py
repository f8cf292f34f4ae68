"""Lists for people: a table where it fits the terminal, else a block a row. An id is never broken over lines.

Decides how rows are laid out; what stands in them is the command's.
"""

from collections.abc import Collection, Sequence

from rich.cells import cell_len
from rich.table import Table

from loyaltychain.cli.output import escape, fact_line, stdout

_TEXT_LEAST = 14  # characters that a column of text keeps before the table is given up
GAP = 2  # between two columns


def print_rows(
    texts: Sequence[str], numbers: Sequence[str], rows: Sequence[Sequence[str]], *, ids: Collection[str] = ()
) -> None:
    """Print rows under these headings: columns of text, then columns of numbers.

    Args:
        rows: Plain text, a cell for each heading in that order.
        ids: The headings of what people copy: their cells stay whole. What else is long is folded.
    """
    if not rows:
        return
    headings = [*texts, *numbers]
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    folded = [name in texts and name not in ids for name in headings]
    least = [min(width, _TEXT_LEAST) if fold else width for width, fold in zip(widths, folded, strict=True)]
    if sum(least) + GAP * (len(least) - 1) > stdout.width:
        _print_blocks(headings, rows, has_id=headings[0] in ids)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, fold in zip(headings, folded, strict=True):
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=not fold, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    stdout.print(table)


def _print_blocks(headings: Sequence[str], rows: Sequence[Sequence[str]], *, has_id: bool) -> None:
    """A block a row: its first cell, which an id is enough for, and under it the others by their headings."""
    names = max(map(len, headings[1:]))
    for row in rows:
        stdout.print(row[0] if has_id else f"{headings[0]} {row[0]}", markup=False, highlight=False, soft_wrap=True)
        for name, value in zip(headings[1:], row[1:], strict=True):
            stdout.print(fact_line(f"  {name:<{names}}", value), highlight=False, soft_wrap=True)
