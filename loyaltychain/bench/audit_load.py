"""What ``bench audit`` verifies: a deployed programme whose books and logs hold n SIMULATED members, one award each.

Members come in no order, in batches of 10,000 in root mode, so that each batch touches words all over the tree. Books
are written in bulk, as the ledger and the sealer would have written them; the audit has to find nothing.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.chain_log import ChainLog, Pin, fetch_chain_log
from loyaltychain.audit.headers import GENESIS, Header, hash_header
from loyaltychain.audit.heads import Heads
from loyaltychain.audit.log_file import write_log_file
from loyaltychain.audit.log_shapes import HEADER_TYPES
from loyaltychain.audit.manifest import LEDGER, parse_manifest
from loyaltychain.audit.receipt_tree import Leaf, derive_salt, hash_leaf, make_root
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.rpc import Log, Rpc, Web3Rpc
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256, to_hex
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.deploy.deploy import deploy
from loyaltychain.deploy.publish import publish
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.program.load import template
from loyaltychain.settlement import rice
from loyaltychain.wiring import World, open_world, wanted_plan

BATCH: Final = 10_000  # the most that a batch may change
WINDOW: Final = 3_600
START: Final = UnixSeconds(1_790_000_000)
_DAY: Final = 86_400
_POINTS_MAX: Final = 400
_CAP: Final = 10**9
_SETTLED: Final = keccak256(f"BatchSettled(uint32,bytes32,({','.join(HEADER_TYPES)}))".encode())
_DATA: Final = keccak256(b"BatchData(uint32,bytes)")
_INSERTS: Final = {
    table: f"INSERT INTO {table} VALUES ({','.join('?' * columns)})"  # noqa: S608 - names of ours
    for table, columns in {
        "members": 3, "receipt_keys": 2, "events": 9, "outcomes": 4, "entries": 13, "receipts": 9, "batch_updates": 3,
        "batches": 17, "volumes": 5,
    }.items()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """Where the programme is: its home, whose database has the books, and the file of its logs."""

    home: Path
    logs: Path


@dataclass(slots=True)
class _State:
    """Where the books stand."""

    balances: Balances
    program: str
    chain_id: int
    ledger: str
    previous: Header = GENESIS
    hash: bytes = ZERO_HASH
    head: bytes = ZERO_HASH
    position: int = 0


def make_load(folder: Path, *, n: int) -> Iterator[int]:
    """Make ``folder/home`` and ``folder/logs.jsonl``; yields how many members are done after each batch.

    Args:
        n: Members, and receipts; whole tens of thousands are whole batches.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    chain = LocalChain(clock=lambda: START)
    try:
        project = make_project(home, program=template("shop"), keys=keys, mode="root")
        rpc: Rpc = Web3Rpc(InProcessProvider(chain))
        world = open_world(project, rpc=rpc, clock=lambda: START)
        _deploy(world)
        manifest = parse_manifest(world.manifest)
        head = rpc.block("latest")
        log = fetch_chain_log(rpc, manifest, pin=Pin(head.number, head.hash))
        times = {each.block_number: rpc.block(each.block_number).timestamp for each in log.logs}
        state = _State(Balances(), to_hex(world.program().digest), manifest.chain_id, manifest.addresses[LEDGER])
        state.hash = hash_header(GENESIS, chain_id=state.chain_id, ledger=state.ledger)
        logs = list(log.logs)
        for done, members in _batches(n):
            with transaction(world.engine) as tx:
                logs += _fill(tx, state, members, block=head.number + len(times) + 1)
            times[logs[-1].block_number] = START + _DAY * state.previous.batch_id
            yield done
        _write(folder / "logs.jsonl", log, logs, times)
        world.engine.dispose()
    finally:
        chain.close()


def _deploy(world: World) -> None:
    caps = dict.fromkeys(("issuePerBatch", "burnPerBatch", "issuePerPeriod", "burnPerPeriod", "supplyCap"), _CAP)
    plan = replace(wanted_plan(world), challenge_window=WINDOW, caps={**caps, "periodSeconds": _DAY})
    file, quiet = world.project.manifest_file, lambda *_: None
    deployed = deploy(world.sender, plan, world.key("deployer"), manifest_file=file, on_step=quiet)
    program = world.program()
    publish(
        world.sender([world.registrar()]),
        deployed.manifest,
        document=program.document,
        digest=program.digest,
        archive=world.project.program_archive,
    )


def _batches(n: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """(how many are done after it, (member, points) by ascending member) of each batch."""
    dice = random.Random(3)  # noqa: S311 - a simulation
    numbers = list(range(1, n + 1))
    dice.shuffle(numbers)
    for first in range(0, n, BATCH):
        some = sorted(numbers[first : first + BATCH])
        yield first + len(some), [(member, dice.randint(1, _POINTS_MAX)) for member in some]


def _fill(tx: Tx, state: _State, members: Sequence[tuple[int, int]], *, block: int) -> list[Log]:
    """One batch: its members, events, entries, receipts and updates; and the two logs of its settlement."""
    batch_id = state.previous.batch_id + 1
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INSERTS}
    leaves: list[bytes] = []
    first = state.position + 1
    for index, (member, points) in enumerate(members):
        leaves.append(_award(rows, state, index, member, points, batch_id=batch_id))
    header, data = _make_header(state, members, leaves, batch_id=batch_id)
    batch_hash = hash_header(header, chain_id=state.chain_id, ledger=state.ledger)
    issued = sum(points for _, points in members)
    rows["volumes"] = [(f"member:{member}:available", "points", points, 0, 0) for member, points in members]
    rows["batches"] = [
        (batch_id, first, state.position, *map(to_hex, (header.prev_hash, header.balance_root, header.receipt_root)),
         to_hex(header.ledger_head), to_hex(header.program_hash), to_hex(data), to_hex(header.data_hash), header.time,
         header.updates, header.issued, 0, to_hex(batch_hash), "final", header.supply)
    ]  # fmt: skip
    rows["batch_updates"] = [(batch_id, member, points) for member, points in members]
    for table in ("members", "receipt_keys", "events", "outcomes", "entries", "batches", "receipts", "batch_updates",
                  "volumes"):  # fmt: skip
        tx.exec_driver_sql(_INSERTS[table], rows[table])
    _issue(tx, issued)
    state.previous, state.hash = header, batch_hash
    return _make_logs(state, header, batch_hash, data, block=block)


def _award(
    rows: dict[str, list[tuple[Any, ...]]], state: _State, index: int, member: int, points: int, *, batch_id: int
) -> bytes:
    """The rows of one purchase and what it earned; the leaf of its receipt."""
    state.position += 1
    position, at = state.position, START + state.position
    event_id, member_id = f"S-{position:08}", f"member-{member}"
    payload = f'{{"amount":{points * 100},"currency":"GBP"}}'
    event = (
        f'{{"id":"{event_id}","member_id":"{member_id}","occurred_at":{at},"payload":{payload},"source":"shop",'
        '"type":"purchase"}'
    )
    cause = f"shop/{event_id}"
    entry_id = f"earn:{cause}:spend"
    postings = f'[{{"amount":{points},"from":"program:issued","to":"member:{member}:available","unit":"points"}}]'
    entry = (
        f'{{"cause":"{cause}","id":"{entry_id}","kind":"earn","member":{member},"occurred_at":{at},'
        f'"postings":{postings},"program":"{state.program}","rule":"spend"}}'
    )
    digest = hashlib.sha256(entry.encode()).digest()
    state.head = hashlib.sha256(state.head + position.to_bytes(8) + at.to_bytes(8) + digest).digest()
    key = hashlib.sha256(member.to_bytes(8)).digest()
    salt = derive_salt(key, entry_digest=digest, unit="points")
    leaf = hash_leaf(
        Leaf(state.chain_id, state.ledger, batch_id, index, member, "points", points, digest, salt)
    )  # fmt: skip
    event_digest = "0x" + hashlib.sha256(event.encode()).hexdigest()
    rows["members"].append((member, member_id, START))
    rows["receipt_keys"].append((member, to_hex(key)))
    rows["events"].append((position, "shop", event_id, "purchase", member, at, at, payload, event_digest))
    rows["outcomes"].append((position, "posted", entry_id, "{}"))
    rows["entries"].append(
        (position, entry_id, "earn", member, cause, "spend", state.program, at, at, postings, to_hex(digest),
         to_hex(state.head), None)
    )  # fmt: skip
    rows["receipts"].append(
        (batch_id, index, member, "points", points, entry_id, to_hex(digest), to_hex(salt), to_hex(leaf))
    )
    return leaf


def _make_header(
    state: _State, members: Sequence[tuple[int, int]], leaves: Sequence[bytes], *, batch_id: int
) -> tuple[Header, bytes]:
    refused = state.balances.apply(members)
    assert not refused, refused
    data = rice.encode(dict(members))
    issued = sum(points for _, points in members)
    header = Header(
        batch_id=batch_id,
        prev_hash=state.hash,
        balance_root=state.balances.root,
        receipt_root=make_root(leaves),
        ledger_head=state.head,
        program_hash=from_hex(state.program),
        data_hash=keccak256(data),
        time=START + state.position,
        updates=len(members),
        issued=issued,
        burned=0,
        supply=state.previous.supply + issued,
    )
    return header, data


def _issue(tx: Tx, points: int) -> None:
    tx.execute(
        text(
            "INSERT INTO volumes VALUES ('program:issued', 'points', 0, :points, 1)"
            " ON CONFLICT (account, unit) DO UPDATE SET total_out = volumes.total_out + :points"
        ),
        {"points": points},
    )


def _make_logs(state: _State, header: Header, batch_hash: bytes, data: bytes, *, block: int) -> list[Log]:
    batch_id = header.batch_id.to_bytes(32)
    words = b"".join(
        value if isinstance(value, bytes) else value.to_bytes(32)
        for value in (getattr(header, name) for name in Header.__slots__)
    )
    content = (32).to_bytes(32) + len(data).to_bytes(32) + data + bytes(-len(data) % 32)
    places = {"address": state.ledger, "block_number": block, "block_hash": block.to_bytes(32),
              "tx_hash": keccak256(batch_hash)}  # fmt: skip
    return [
        Log(topics=(_SETTLED, batch_id, batch_hash), data=words, index=0, **places),  # type: ignore[arg-type]
        Log(topics=(_DATA, batch_id), data=content, index=1, **places),  # type: ignore[arg-type]
    ]


def _write(file: Path, log: ChainLog, logs: Sequence[Log], times: Mapping[int, int]) -> None:
    last = logs[-1].block_number
    heads = Heads(last, last, last, "nothing: these batches are SIMULATED")
    pin = Pin(last, logs[-1].block_hash)
    write_log_file(replace(log, pin=pin, logs=tuple(logs), times=times, heads=heads), file)
