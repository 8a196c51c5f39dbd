"""A table of HTML on its way to pipes: what stands between its cells."""

from __future__ import annotations

from collections.abc import Sequence


class PipeTable:
    """What a table becomes, cell by cell.

    >>> table = PipeTable(columns=2)
    >>> cells = table.cell() + "a" + table.cell() + "b" + table.cell(new_row=True) + "c"
    >>> print((cells + table.end_row()).lstrip())
    | a | b |
    | --- | --- |
    | c | |
    <BLANKLINE>

    Where a cell of HTML is wider or higher than one, the others stay in their columns.

    >>> table = PipeTable(columns=3, skipped=[[0, 1], [1, 0]])
    >>> cells = table.cell() + "a" + table.cell() + "b" + table.cell(new_row=True) + "c" + table.cell() + "d"
    >>> print((cells + table.end_row()).lstrip())
    | a | | b |
    | --- | --- | --- |
    | | c | d |
    <BLANKLINE>
    """

    def __init__(self, columns: int, skipped: Sequence[Sequence[int]] = ()) -> None:
        self.in_cell = False
        """Whether a cell is open; what stands between cells is nothing."""
        self._columns = columns
        self._skipped = iter(skipped)
        self._skipped_in_row = iter(next(self._skipped, ()))
        self._rows = 0
        self._cells = 0

    @property
    def is_begun(self) -> bool:
        """Whether there was a cell; what stands before it, such as a caption, stands above the table."""
        return self._cells + self._rows > 0

    def cell(self, *, new_row: bool = False) -> str:
        """What begins a cell, and ends the cell or the row before it."""
        if new_row:
            before = self.end_row()
        elif self.in_cell:
            before = " |"
        else:
            before = "" if self.is_begun else "\n\n"
        before += "" if self._cells else "|"
        skipped = next(self._skipped_in_row, 0)
        self.in_cell = True
        self._cells += 1 + skipped
        return before + " |" * skipped + " "

    def end_cell(self) -> str:
        """What ends the open cell, if there is one."""
        end = " |" if self.in_cell else ""
        self.in_cell = False
        return end

    def end_row(self) -> str:
        """What ends the open row: its missing cells, and below the first row the divider."""
        end = self.end_cell()
        if not self._cells:
            return end
        padding = " |" * (self._columns - self._cells)
        divider = "" if self._rows else "\n|" + " --- |" * self._columns
        self._rows += 1
        self._cells = 0
        self._skipped_in_row = iter(next(self._skipped, ()))
        return f"{end}{padding}{divider}\n"
