"""The chain file
├── opened again
│   └── it answers everything as before
├── when a write is broken off
│   └── it keeps nothing of it
├── when it was never finished
│   └── it begins anew
└── when it is open elsewhere, not a chain, or of another format
    └── it is refused
"""

import sqlite3
from pathlib import Path

import pytest

from loyaltychain.core.errors import DatabaseBusy, InvalidSettings
from loyaltychain.localchain.store import LogRow, open_store
from tests.localchain.asking import Asker, opened
from tests.localchain.builders import COUNTER, DEV_ADDRESS


def _everything(local: Asker, counter: str, hashes: list[str]) -> list[object]:
    blocks = range(local.number("eth_blockNumber") + 1)
    return [
        [local.ask("eth_getBlockByNumber", hex(number), True) for number in blocks],
        [local.count(counter, hex(number)) for number in blocks],
        [local.ask("eth_getTransactionReceipt", tx_hash) for tx_hash in hashes],
        [local.ask("eth_getTransactionByHash", tx_hash) for tx_hash in hashes],
        local.ask("eth_getLogs", {"address": [counter], "fromBlock": "0x0", "toBlock": "latest"}),
        local.ask("eth_getCode", counter, "latest"),
        local.ask("eth_getBalance", DEV_ADDRESS, "latest"),
        local.nonce(),
    ]


def test_store__opened_again__answers_everything_as_before(state: Path) -> None:
    with opened(state) as local:
        counter = local.deploy(COUNTER)
        hashes = [local.send(counter) for _ in range(3)]
        local.ask("evm_increaseTime", "0x64")
        snapshot = local.ask("evm_snapshot")
        hashes.append(local.send(counter))
        before = _everything(local, counter, hashes)

    with opened(state) as local:
        assert _everything(local, counter, hashes) == before
        assert local.count(counter) == 4
        local.send(counter)
        assert (local.count(counter), local.number("eth_blockNumber")) == (5, 6)
        assert local.ask("evm_revert", snapshot) is True
        assert local.count(counter) == 3


def test_store__given_a_write_that_is_broken_off__keeps_nothing_of_it(state: Path) -> None:
    store = open_store(state)
    with store.write():
        store.create_tables()
        store.nodes[b"kept"] = b"1"
    row = LogRow(1, 0, b"a", b"", b"", b"", b"", 0)

    def break_off() -> None:
        with store.write():
            store.nodes[b"lost"] = b"2"
            del store.nodes[b"kept"]
            store.insert_logs([row])
            store.set_setting("clock_offset", 5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert (store.nodes[b"kept"], b"lost" in store.nodes, store.setting("clock_offset", 0)) == (b"1", False, 0)
    assert store.read_logs(first=0, last=9, addresses=[]) == []
    store.close()


def test_store__given_a_write_outside_of_one__fails(state: Path) -> None:
    store = open_store(state)
    with store.write():
        store.create_tables()

    with pytest.raises(AssertionError, match="a read wrote"):
        store.nodes[b"k"] = b"v"
    with pytest.raises(KeyError):
        store.nodes[b"k"]
    with pytest.raises(KeyError), store.write():
        del store.nodes[b"k"]
    store.close()


def test_store__never_finished__begins_anew(state: Path) -> None:
    store = open_store(state)

    def break_off() -> None:
        with store.write():
            store.create_tables()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    store.close()

    with opened(state) as local:
        assert local.number("eth_blockNumber") == 0


def test_open_store__open_elsewhere__is_refused(state: Path) -> None:
    with opened(state), pytest.raises(DatabaseBusy, match="Another process serves this local chain"):
        open_store(state)


def test_open_store__not_a_chain__is_refused(state: Path) -> None:
    state.write_text("no database " * 100)

    with pytest.raises(InvalidSettings, match="not a local chain"):
        open_store(state)


def test_open_store__no_directory__is_refused(state: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be opened"):
        open_store(state / "below" / "state.sqlite")


def test_open_store__of_another_format__is_refused(state: Path) -> None:
    with opened(state):
        pass
    connection = sqlite3.connect(state)
    connection.execute("UPDATE settings SET value = 2 WHERE name = 'format'")
    connection.commit()
    connection.close()

    with pytest.raises(InvalidSettings, match="another format"):
        open_store(state)
