"""put_off
├── the search for cycles is off until the last block is over, and on then, also after an error
└── where it was off before, it stays off
"""

import gc
from threading import Barrier, Thread

import pytest

from loyaltychain.core.collecting import put_off


def test_blocks_that_overlap_in_threads__on_again_after_the_last() -> None:
    both_in, first_out = Barrier(2), Barrier(2)

    def other() -> None:
        with put_off():
            both_in.wait()
            first_out.wait()
            seen.append(gc.isenabled())

    seen: list[bool] = []
    thread = Thread(target=other)
    thread.start()
    with put_off():
        both_in.wait()
        assert not gc.isenabled()
    first_out.wait()
    thread.join()
    assert seen == [False]
    assert gc.isenabled()


def test_error__on_again() -> None:
    with pytest.raises(ValueError, match="x"), put_off():
        raise ValueError("x")
    assert gc.isenabled()


def test_off_before__stays_off() -> None:
    gc.disable()
    try:
        with put_off():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
