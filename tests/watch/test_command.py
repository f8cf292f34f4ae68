"""``loyaltychain watch`` as its users run it, against a chain of its own process
├── given the page's commands: each runs
├── given a false batch: exit code 4; nothing is sent without --challenge, and it is void with it
├── given a node that keeps logs back until the watch is stopped: exit code 3, and its notes say since when
│   └── beside two others: nothing is missing
├── given a difference from what the programme promises: exit code 1
├── given a key that is none, or a role's: refused before anything is sent
└── given no node: exit code 3
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from loyaltychain.audit.chain_log import choose_pin, fetch_chain_log
from loyaltychain.audit.log_shapes import SHAPES
from loyaltychain.audit.manifest import parse_manifest
from loyaltychain.audit.rebuild import rebuild
from loyaltychain.chain.devkeys import COUNT, development_keys
from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.rpc import Receipt, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, load_key
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.demo.forge import forge
from loyaltychain.watch.keys import VARIABLE, find_watcher_key
from loyaltychain.watch.notes import Kind, Note
from loyaltychain.watch.notes_file import NotesFile
from loyaltychain.watch.send import Courier
from tests.e2e.processes import Commands

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "FRAUD.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A deployed project in root mode, its chain running."""
    project = Commands(tmp_path_factory.mktemp("project"))
    project.run("init", "--template", "shop", "--mode", "root")
    project.run("chain", "start")
    try:
        project.run("deploy")
        yield project
    finally:
        project.run("chain", "stop")


def manifest_of(project: Commands) -> Path:
    return project.home / "deployments" / "local.json"


def url_of(project: Commands) -> str:
    return str(json.loads((project.home / "chain" / "endpoint.json").read_text(encoding="utf-8"))["url"])


def commands_of(page: str) -> list[list[str]]:
    lines = [line for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    return [shlex.split(line.removeprefix("$ ")) for line in lines if line.startswith("$ ")]


def test_page__its_commands__each_runs(project: Commands, tmp_path: Path) -> None:
    quoted = [command[1:] for command in commands_of(PAGE) if command[1] == "watch"]
    assert len(quoted) == 4
    notes = tmp_path / "notes.jsonl"
    named = {"URL": url_of(project), "FILE": str(manifest_of(project)), "NOTES": str(notes)}
    for command in quoted:
        arguments = [named.get(word, word) for word in command]
        if "--once" in arguments:
            said = project.run(*arguments)
            assert '"last_batch": 0' in said if "--json" in arguments else "batch 0" in said, arguments
            continue
        process = project.spawn(*arguments)
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert "batch 0" in line
        assert process.returncode == 0
        (noted,) = [json.loads(line) for line in notes.read_text(encoding="ascii").splitlines()]
        assert (noted["note"], noted["level"], noted["last_batch"]) == ("looked", "info", 0)
        assert noted["at"].endswith("Z")


def settle_falsely(project: Commands) -> None:
    """A batch of a thief with the settler's key."""
    rpc = Web3Rpc.connect(url_of(project))
    manifest = parse_manifest(json.loads(manifest_of(project).read_text(encoding="utf-8")))
    log = fetch_chain_log(rpc, manifest, pin=choose_pin(rpc, finality_depth=0))
    calldata = forge(rebuild(log, mode=manifest.first_mode), now=rpc.block("latest").timestamp).calldata
    ledger = manifest.addresses["PointsLedger"]
    key = load_key(project.home / "keys" / "settler.key")
    signer = KeySigner(key, [AllowedCall(ledger, calldata[:4])], chain_id=manifest.chain_id)
    receipt = Courier(rpc, signer, load_profile("local"), target=ledger).send(calldata, gas_max=10**7)
    assert isinstance(receipt, Receipt)
    assert receipt.status == 1


def test_false_batch__exit_code_4__and_void_with_challenge(project: Commands) -> None:
    settle_falsely(project)

    looked = project.ask("watch", "--once", exit_code=4)
    assert (looked["false"], looked["voided"], looked["paused"]) == ([1], [], False)
    assert [note["note"] for note in looked["notes"]] == ["false"]

    voided = project.ask("watch", "--once", "--challenge", exit_code=4)
    assert (voided["false"], voided["voided"], voided["paused"]) == ([1], [1], True)
    assert [note["note"] for note in voided["notes"]] == ["false", "sent", "void"]

    after = project.ask("watch", "--once")
    assert (after["false"], after["voids"], after["last_batch"]) == ([], [[1, 1]], 1)


@contextmanager
def forgetful(url: str, topic: bytes) -> Iterator[str]:
    """The URL of a node that serves what the one at ``url`` does, but for logs of that topic."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            answer = requests.post(url, data=asked, headers={"Content-Type": "application/json"}, timeout=30).json()
            if json.loads(asked)["method"] == "eth_getLogs":
                answer["result"] = [log for log in answer["result"] if log["topics"][0] != "0x" + topic.hex()]
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_logs_kept_back__until_it_is_stopped__exit_code_3(project: Commands, tmp_path: Path) -> None:
    """After the test before, the ledger has a batch; the node serves its data, and not that it was settled."""
    notes = tmp_path / "notes.jsonl"
    topic = next(shape.topic for shape in SHAPES if shape.name == "BatchSettled")
    with forgetful(url_of(project), topic) as url:
        process = project.spawn("watch", "--rpc", url, "--json", "--every", "1", "--notes", str(notes))
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert (line["note"], line["level"]) == ("withheld", "alarm")
    assert process.returncode == 3
    assert json.loads(notes.read_text(encoding="ascii").splitlines()[0]) == line


def test_several_nodes__of_which_one_keeps_logs_back__two_are_enough(project: Commands) -> None:
    topic = next(shape.topic for shape in SHAPES if shape.name == "BatchSettled")
    url = url_of(project)
    with forgetful(url, topic) as other:
        nodes = ["--rpc", other, "--rpc", url, "--rpc", url.replace("127.0.0.1", "localhost")]
        looked = project.ask("watch", "--once", "--manifest", str(manifest_of(project)), *nodes)

    assert (looked["last_batch"], looked["withheld"], looked["differences"]) == (1, [], [])


def test_difference__exit_code_1(project: Commands, tmp_path: Path) -> None:
    other = json.loads(manifest_of(project).read_text(encoding="utf-8"))
    other["caps"]["supplyCap"] += 1
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(other), encoding="utf-8")

    looked = project.ask("watch", "--once", "--manifest", str(file), "--rpc", url_of(project), exit_code=1)

    assert [finding["code"] for finding in looked["differences"]] == ["caps-changed"]
    assert [note["note"] for note in looked["notes"]] == ["different"]


def test_notes_file__that_cannot_be_written__is_refused(project: Commands, tmp_path: Path) -> None:
    answer = project.ask("watch", "--once", "--notes", str(tmp_path / "nowhere" / "notes"), exit_code=2)

    assert answer["error"]["code"] == "InvalidSettings"


def test_notes_file__that_is_full__loses_notes_and_says_how_many(tmp_path: Path) -> None:
    path, link = tmp_path / "notes", tmp_path / "link"
    link.symlink_to(path)
    note = Note(Kind.LOOKED, "all is well", {"block": 1})
    file = NotesFile(link, lambda: UnixSeconds(0))
    link.unlink()
    link.symlink_to("/dev/full")
    file.write(note)
    file.write(note)
    link.unlink()
    link.symlink_to(path)
    file.write(note)
    file.write(note)

    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines() if line]
    assert [line.get("notes") for line in lines] == [2, None, None]
    assert lines[1] == {"at": "1970-01-01T00:00:00Z", **note.document()}


def test_no_node__exit_code_3(project: Commands) -> None:
    command = ["watch", "--once", "--json", "--manifest", str(manifest_of(project)), "--rpc", "http://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, "-m", "loyaltychain", *command], check=False, capture_output=True, text=True, env=os.environ
    )

    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "RpcUnavailable"


LOCAL = 131277322940537


def find(environ: dict[str, str], directory: Path | None = None, **changes: Any) -> str:
    return find_watcher_key(environ, directory, **{"chain_id": LOCAL, "taken": []} | changes).address


def test_key__of_the_variable__then_of_a_file__then_a_development_key(tmp_path: Path) -> None:
    (tmp_path / "watcher.key").write_text("cd" * 32, encoding="ascii")
    (tmp_path / "watcher.key").chmod(0o600)

    places = [find({VARIABLE: "0x" + "ab" * 32}, tmp_path), find({}, tmp_path), find({})]

    assert len(set(places)) == 3
    assert places[2] == find({VARIABLE: development_keys()[COUNT - 1]})


@pytest.mark.parametrize(
    ("environ", "changes"),
    [
        ({VARIABLE: "12"}, {}),
        ({VARIABLE: "no hex"}, {}),
        ({}, {"chain_id": 1}),
        ({VARIABLE: development_keys()[0]}, {"chain_id": 1}),
        ({VARIABLE: development_keys()[0]}, {"taken": ["0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"]}),
    ],
    ids=["short", "words", "none", "known to everybody", "a role's"],
)
def test_key__that_will_not_do__is_refused(environ: dict[str, str], changes: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidSettings) as raised:
        find(environ, **changes)

    assert all(secret not in str(raised.value) for secret in environ.values())
