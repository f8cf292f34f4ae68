"""The serving process
├── start
│   ├── it serves a chain at an endpoint, in a directory with spaces in its path
│   ├── when it runs already: it answers that one
│   │   └── when another port is asked for: it says to stop it first
│   ├── when it ran before: it takes the port of last time, or any where that is taken
│   ├── when two start at once: both answer the same one
│   └── when the chain cannot be opened: it says why
├── find
│   └── when nothing runs, whatever stale files say: it says what to do
├── stop
│   ├── it ends the process and keeps the chain
│   └── when another process has the stale pid: it kills nothing
├── killed with kill -9
│   ├── the next start goes on from what was answered
│   └── in a stream of sends: each acknowledged one is there, and at most one more
└── reset
    └── it begins another chain
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from loyaltychain.core.errors import ChainNotRunning, InvalidSettings
from loyaltychain.localchain import process
from loyaltychain.localchain.places import Endpoint, Places, write_endpoint
from tests.localchain.asking import opened
from tests.localchain.builders import COUNTER, DEV_ADDRESS, creation_of, sign
from tests.localchain.over_http import Answers, ask_over_http


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A project directory; what serves it is stopped afterwards."""
    directory = tmp_path / "my points"
    directory.mkdir()
    yield directory
    process.stop(directory)


def test_start__again__at_the_port_of_last_time(home: Path) -> None:
    first = process.start(home)
    with pytest.raises(InvalidSettings, match=f"served at {first.url} already"):
        process.start(home, port=1)
    process.stop(home)

    assert process.start(home).url == first.url
    process.stop(home)
    with socket.create_server(("127.0.0.1", urlsplit(first.url).port or 0)):
        elsewhere = process.start(home).url
    assert elsewhere != first.url


def _kill(endpoint: Endpoint) -> None:
    os.kill(endpoint.pid, signal.SIGKILL)
    os.waitpid(endpoint.pid, 0)


def test_start__given_a_directory__serves_a_chain_that_goes_on_after_kill_9(home: Path) -> None:
    first = process.start(home)
    node = Answers(first.url)
    counter = node.deploy(COUNTER)
    tx_hash = node.send(counter)
    before = [node.ask("eth_getBlockByNumber", hex(number), True) for number in range(3)]
    receipt = node.ask("eth_getTransactionReceipt", tx_hash)
    assert (process.start(home), process.find(home)) == (first, first)

    _kill(first)

    with pytest.raises(ChainNotRunning, match="loyaltychain chain start"):
        process.find(home)
    second = process.start(home)
    node = Answers(second.url)
    assert second.pid != first.pid
    assert [node.ask("eth_getBlockByNumber", hex(number), True) for number in range(3)] == before
    assert node.ask("eth_getTransactionReceipt", tx_hash) == receipt
    assert node.ask("eth_getLogs", {"address": counter, "fromBlock": "0x0"})[0]["transactionHash"] == tx_hash
    node.send(counter)
    assert int(node.ask("eth_getStorageAt", counter, "0x0", "latest"), 16) == 2

    process.reset(home)

    assert Places(home).state.exists() is False
    with opened(Places(home).state) as local:
        assert local.number("eth_blockNumber") == 0
        assert local.ask("eth_getBlockByNumber", "0x0", True)["hash"] != before[0]["hash"]


def test_start__two_at_once__answer_the_same_process(home: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(process.start, [home, home])

    assert one == other == process.find(home)
    assert json.loads(Places(home).endpoint.read_text())["url"] == one.url


def test_start__given_a_broken_chain__says_why(home: Path) -> None:
    places = Places(home)
    places.directory.mkdir()
    places.state.write_text("no database " * 100)

    with pytest.raises(ChainNotRunning, match="not a local chain"):
        process.start(home)


def test_find__given_nothing__says_what_to_do(home: Path) -> None:
    with pytest.raises(ChainNotRunning, match="loyaltychain chain start"):
        process.find(home)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": "http://127.0.0.1:9"}'])
def test_find__given_an_illegible_endpoint__says_what_to_do(home: Path, content: str) -> None:
    places = Places(home)
    places.directory.mkdir()
    places.endpoint.write_text(content)

    with pytest.raises(ChainNotRunning, match="loyaltychain chain start"):
        process.find(home)


def test_stop__given_the_pid_of_another_process__kills_nothing(home: Path) -> None:
    places = Places(home)
    places.directory.mkdir()
    places.lock.touch()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        write_endpoint(places, Endpoint(url="http://127.0.0.1:9", pid=bystander.pid, token="t"))

        assert process.stop(home) is False

        assert bystander.poll() is None
        assert places.endpoint.exists() is False
        bystander.kill()


def test_stop__given_a_served_chain__ends_it_and_keeps_the_chain(home: Path) -> None:
    endpoint = process.start(home)
    head = Answers(endpoint.url).ask("eth_getBlockByNumber", "latest", False)

    assert process.stop(home) is True

    assert process.stop(home) is False
    with opened(Places(home).state) as local:
        assert local.ask("eth_getBlockByNumber", "latest", False) == head


def test_killed__in_a_stream_of_sends__has_each_acknowledged_one_and_at_most_one_more(home: Path) -> None:
    endpoint = process.start(home)
    node = Answers(endpoint.url)
    counter = node.deploy(COUNTER)
    killer = threading.Thread(target=lambda: (time.sleep(0.3), os.kill(endpoint.pid, signal.SIGKILL)))
    killer.start()
    acknowledged: list[str] = []
    try:
        for nonce in range(1, 1_000):
            raw = "0x" + sign(nonce, counter).raw.hex()
            acknowledged.append(ask_over_http(endpoint.url, "eth_sendRawTransaction", raw)["result"])
    except OSError:
        pass
    killer.join()
    os.waitpid(endpoint.pid, 0)

    with opened(Places(home).state) as local:
        head = local.number("eth_blockNumber")
        blocks = [local.ask("eth_getBlockByNumber", hex(number), False) for number in range(head + 1)]
        sent = [tx_hash for block in blocks[2:] for tx_hash in block["transactions"]]
        assert 0 < len(acknowledged) < 999
        assert sent[: len(acknowledged)] == acknowledged
        assert len(sent) - len(acknowledged) in (0, 1)
        assert [block["parentHash"] for block in blocks[1:]] == [block["hash"] for block in blocks[:-1]]
        assert [local.ask("eth_getTransactionReceipt", tx_hash)["status"] for tx_hash in sent] == ["0x1"] * len(sent)
        logs = local.ask("eth_getLogs", {"address": counter, "fromBlock": "0x0"})
        assert [log["transactionHash"] for log in logs] == sent
        assert (local.count(counter), local.nonce()) == (len(sent), len(sent) + 1)
        local.send(counter)
        assert local.number("eth_getTransactionCount", DEV_ADDRESS, "latest") == len(sent) + 2
        assert local.deploy(creation_of(COUNTER)[10:]) != counter
