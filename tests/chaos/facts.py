"""What chain and books hold at one moment, and whether that fits together. Gathering reads; judging is pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, text

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.core.hashing import from_hex
from loyaltychain.db.engine import Tx, reading
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.conduct.names import award_name
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.reports.replay.booked import read_booked
from loyaltychain.settlement import store
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.submit import make_settle_call
from tests.chaos.ground import Ground


@dataclass(frozen=True)
class OnChain:
    """One settlement that the chain holds: its number, the batch's hash, and the call that brought it there."""

    number: int
    hash: bytes
    sender: str
    calldata: bytes


@dataclass(frozen=True)
class InBooks:
    """One batch of the database."""

    hash: bytes
    calldata: bytes
    state: str
    net: int  # points that it adds, by its header
    deltas: Mapping[int, int]  # by member


@dataclass(frozen=True)
class Facts:
    """The chain up to one block, and the books a moment later; so whatever the chain holds, the books must know.

    Args:
        settled: In the order of the chain's logs.
        booked: Points by member, by the ledger's entries that these settlements have settled.
        last_after: The contract's last batch once the books were read.
        granted: Points or badges by award of behaviours, by the grants that stand; without those of which time has
            taken something, which stands in the grant a moment later.
        awarded: The same by the ledger's entries.
        problems: What the ledger's own check says: entries against balances, for each account.
    """

    settled: tuple[OnChain, ...]
    supply: int
    balances: Mapping[int, int]
    batches: Mapping[int, InBooks]
    booked: Mapping[int, int]
    last_after: int
    granted: Mapping[str, int]
    awarded: Mapping[str, int]
    problems: tuple[str, ...]
    settler: str


def gather(ground: Ground) -> Facts:
    """Both sides. No block is made meanwhile: while anvil makes one, what it says of the last block is of the next."""
    with ground.mining:
        return _gather(ground)


def _gather(ground: Ground) -> Facts:
    rpc, deployment = ground.rpc, ground.deployment
    head = rpc.block("latest").number
    settled = _settlements(ground, head)
    supply = read_ledger(rpc, deployment, "totalSupply", block=head)
    assert isinstance(supply, int)
    with reading(ground.engine) as tx:
        batches = _batches(tx)
        members = range(1, int(tx.execute(text("SELECT coalesce(max(number), 0) FROM members")).scalar_one()) + 1)
        booked = _booked(tx, upto=len(settled))
        granted, awarded = _awards(tx)
        problems = tuple(str(problem) for problem in check_ledger(tx))
    balances = {member: read_ledger(rpc, deployment, "balanceOfMember", member, block=head) for member in members}
    last_after = read_ledger(rpc, deployment, "lastBatchId")
    assert isinstance(last_after, int)
    return Facts(
        settled=settled,
        supply=supply,
        balances={member: points for member, points in balances.items() if isinstance(points, int) and points},
        batches=batches,
        booked=booked,
        last_after=last_after,
        granted=granted,
        awarded=awarded,
        problems=problems,
        settler=ground.settler,
    )


def judge(facts: Facts) -> list[str]:
    """What does not fit, in words; nothing if all does."""
    numbers = [each.number for each in facts.settled]
    wrong = list(facts.problems)
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"each number once and in order: the chain has settled {numbers}")
    for each in facts.settled:
        ours = facts.batches.get(each.number)
        if ours is None or (ours.hash, ours.calldata, facts.settler) != (each.hash, each.calldata, each.sender):
            wrong.append(f"batch {each.number} on the chain is not the one in the books")
    known = {number: batch for number, batch in facts.batches.items() if number <= len(numbers)}
    deltas: Counter[int] = Counter()
    for batch in known.values():
        deltas.update(batch.deltas)
    sums = {
        "settled": facts.supply,
        "booked": sum(facts.booked.values()),
        "by batches": sum(batch.net for batch in known.values()),
        "by their updates": deltas.total(),
    }
    if len(set(sums.values())) != 1:
        wrong.append(f"the sums differ: {sums}")
    for member in sorted(facts.balances.keys() | facts.booked.keys() | deltas.keys()):
        found = [each.get(member, 0) for each in (facts.balances, facts.booked, deltas)]
        if len(set(found)) != 1:
            wrong.append(f"member {member}: on chain, booked, by batches: {found}")
    for award in sorted(facts.granted.keys() | facts.awarded.keys()):
        says, has = facts.granted.get(award, 0), facts.awarded.get(award, 0)
        if says != has:
            wrong.append(f"award {award}: its grant says {says}, the ledger {has}")
    gone = [number for number, batch in facts.batches.items() if batch.state == "final" and number > facts.last_after]
    if gone:
        wrong.append(f"final in the books and not on the chain: {gone}")
    return wrong


def compare(expected: Mapping[str, int], found: Mapping[str, int]) -> tuple[int, int]:
    """Points that members lost, and points that they have too many of."""
    gaps = [expected.get(member, 0) - found.get(member, 0) for member in expected.keys() | found.keys()]
    return sum(gap for gap in gaps if gap > 0), -sum(gap for gap in gaps if gap < 0)


def balances_by_name(ground: Ground, facts: Facts) -> dict[str, int]:
    """On the chain, by the name that the shop has for a member."""
    with reading(ground.engine) as tx:
        names = {int(number): str(name) for number, name in tx.execute(text("SELECT number, member_id FROM members"))}
    return {names[member]: points for member, points in facts.balances.items()}


def _settlements(ground: Ground, head: int) -> tuple[OnChain, ...]:
    abi = artifacts.load("PointsLedger").abi
    found = []
    for log in ground.rpc.logs([ground.deployment.ledger], first=ground.deployment.first_block, last=head):
        name, fields = decode_log(abi, log) if has_event(abi, log) else ("", {})
        if name == "BatchSettled":
            sent = ground.node.ask("eth_getTransactionByHash", "0x" + log.tx_hash.hex())
            found.append(
                OnChain(fields["batchId"], bytes(fields["batchHash"]), sent["from"].lower(), from_hex(sent["input"]))
            )
    return tuple(found)


def _batches(tx: Tx) -> dict[int, InBooks]:
    last = store.last_batch(tx)
    found = {}
    for number in range(1, (last.header.batch_id if last else 0) + 1):
        batch = store.read_batch(tx, number)
        assert batch is not None
        header = batch.header
        found[number] = InBooks(
            batch.hash,
            make_settle_call(batch),
            batch.state,
            header.issued - header.burned,
            store.read_updates(tx, number),
        )
    return found


def _booked(tx: Tx, *, upto: int) -> dict[int, int]:
    """Points by member, from the ledger's entries that the first ``upto`` batches have settled."""
    query = text("""
        SELECT source, destination, amount FROM postings WHERE unit = 'points'
        AND position <= (SELECT coalesce(max(to_position), 0) FROM batches WHERE id <= :upto)""")
    points: Counter[int] = Counter()
    for source, destination, amount in tx.execute(query, {"upto": upto}):
        for account, sign in ((source, -1), (destination, 1)):
            kind, _, rest = account.partition(":")
            if kind == "member":
                points[int(rest.partition(":")[0])] += sign * amount
    return {member: sum_ for member, sum_ in points.items() if sum_}


def _awards(tx: Tx) -> tuple[dict[str, int], dict[str, int]]:
    """What grants say by award, and what the ledger does; without what comes to nothing."""
    query = select(grants).where(
        grants.c.is_latest == 1, grants.c.state.in_(("given", "pending")), grants.c.awarded > 0
    )
    rows = [row for row in tx.execute(query) if row.problem is None]
    granted = {award_name(row.rule, row.member, row.occurrence, row.cause): row.awarded for row in rows}
    booked = read_booked(tx)

    def settled(points: Mapping[str, int]) -> dict[str, int]:
        return {award: number for award, number in points.items() if number and award not in booked.by_time}

    return settled(granted), settled(booked.net)
