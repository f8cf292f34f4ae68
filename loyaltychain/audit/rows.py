"""Rows of 32 bytes by number, zero where nothing was written: small pages, so that memory follows what is used."""

from collections.abc import Callable, Iterable
from typing import Final

ROW: Final = 32
_PAGE_BITS: Final = 6  # 64 rows, 2 KiB: numbers spread far apart must not cost much more than they hold
_PAGE_ROWS: Final = 1 << _PAGE_BITS
_MASK: Final = _PAGE_ROWS - 1
_ZERO: Final = bytes(ROW)
ZERO_PAIR: Final = bytes(2 * ROW)


class Rows:
    """32-byte rows; a number is any whole number from 0 on."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def get(self, number: int) -> bytes:
        """The row of that number."""
        page = self._pages.get(number >> _PAGE_BITS)
        if page is None:
            return _ZERO
        at = (number & _MASK) * ROW
        return bytes(page[at : at + ROW])

    def put(self, number: int, row: bytes) -> None:
        """Write one row."""
        page = self._pages.get(number >> _PAGE_BITS)
        if page is None:
            if row == _ZERO:
                return
            page = self._pages[number >> _PAGE_BITS] = bytearray(_PAGE_ROWS * ROW)
        at = (number & _MASK) * ROW
        page[at : at + ROW] = row

    def climb(self, above: "Rows", numbers: Iterable[int], join: Callable[[bytes | bytearray], bytes]) -> None:
        """Writes rows ``numbers`` of ``above``, each made by ``join`` of the pair below it; of a pair of zeros, zero.

        ``pair`` and ``put`` in one loop: an audit comes here some millions of times.
        """
        below, pages = self._pages, above._pages
        for number in numbers:
            page = below.get(number >> (_PAGE_BITS - 1))
            at = (number << 1 & _MASK) * ROW
            pair = ZERO_PAIR if page is None else page[at : at + 2 * ROW]
            row = _ZERO if pair == ZERO_PAIR else join(pair)
            written = pages.get(number >> _PAGE_BITS)
            if written is None:
                written = pages[number >> _PAGE_BITS] = bytearray(_PAGE_ROWS * ROW)
            at = (number & _MASK) * ROW
            written[at : at + ROW] = row

    def copy(self) -> "Rows":
        """The same rows, to be written to on their own."""
        twin = Rows()
        twin._pages = {number: bytearray(page) for number, page in self._pages.items()}
        return twin
