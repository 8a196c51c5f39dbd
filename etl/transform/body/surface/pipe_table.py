"""A table of HTML on its way to pipes: what stands between its cells."""

from __future__ import annotations


class PipeTable:
    """What a table becomes, cell by cell.

    >>> table = PipeTable(columns=2)
    >>> cells = table.cell() + "a" + table.cell() + "b" + table.cell(new_row=True) + "c"
    >>> print((cells + table.end_row()).lstrip())
    | a | b |
    | --- | --- |
    | c | |
    <BLANKLINE>
    """

    def __init__(self, columns: int) -> None:
        self.in_cell = False
        """Whether a cell is open; what stands between cells is nothing."""
        self._columns = columns
        self._rows = 0
        self._cells = 0

    @property
    def is_begun(self) -> bool:
        """Whether there was a cell; what stands before it, such as a caption, stands above the table."""
        return self._cells + self._rows > 0

    def cell(self, *, new_row: bool = False) -> str:
        """What begins a cell, and ends the cell or the row before it."""
        if self.in_cell and not new_row:
            self._cells += 1
            return " | "
        above = "" if self.is_begun else "\n\n"
        before = (self.end_row() if new_row else above) + (" " if self._cells else "| ")
        self.in_cell = True
        self._cells += 1
        return before

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
        return f"{end}{padding}{divider}\n"
