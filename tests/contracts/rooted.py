"""A ledger in root mode as the tests keep it beside the contract: every batch with its header, data and words.

The words are what the protocol makes of the data, or what a lie claims. Uses the tests' own readings alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import ROOT, World, act, make_batch, make_world, read
from tests.contracts.dense import encode_dense
from tests.contracts.headers import Header, hash_header, make_header
from tests.contracts.records import encode_records
from tests.contracts.rice import encode_rice
from tests.contracts.tree import LAST, apply_deltas, root_of, siblings_of

WINDOW = 3600
FRAUDS = {"malformed": 0, "totals": 1, "lane": 2, "root": 3}
CODECS: dict[str, Callable[[Mapping[int, int]], bytes]] = {
    "records": encode_records,
    "rice": encode_rice,
    "dense": encode_dense,
}
VOIDED = keccak(text="BatchVoided(uint32,uint32,address,uint8)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch, and the words after it as its settler has them."""

    header: Header
    data: bytes = b""
    words: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Book:
    """The good batches of a ledger in order, batch 0 first, and what anybody can do with them."""

    world: World
    entries: list[Entry] = field(default_factory=lambda: [Entry(Header())])

    @property
    def last(self) -> Entry:
        return self.entries[-1]

    def hash_of(self, header: Header) -> bytes:
        """The batch hash on this chain and ledger."""
        return hash_header(self.world.chain.w3.eth.chain_id, self.world.ledger, header.fields())

    def chain_from(self, place: int, *, to: int | None = None) -> list[tuple]:
        """The headers of the entries from ``place`` on, as the contract takes them."""
        return [entry.header.fields() for entry in self.entries[place:to]]

    def settle(
        self,
        deltas: Mapping[int, int],
        *,
        data: bytes | None = None,
        words: Mapping[int, int] | None = None,
        **lies: object,
    ) -> Entry:
        """Settle a batch, true unless told otherwise. Raises Refused.

        ``words`` are those after it that a liar claims (its root is theirs); ``lies`` replace fields of the batch.
        """
        claimed = apply_deltas(self.last.words, deltas) if words is None else words
        batch, records = make_batch(self.world, deltas, balanceRoot=root_of(claimed))
        batch, sent = batch | lies, records if data is None else data
        supply = self.last.header.supply + int(batch["issued"]) - int(batch["burned"])
        act(self.world, "settler", "settle", tuple(batch.values()), sent)
        self.entries.append(Entry(make_header(batch, sent, supply), sent, claimed))
        return self.last

    def challenge(self, at: int = 0, *, place: int = -1, person: str = "stranger", **changes: object) -> dict:
        """Challenge the entry at ``place`` by one word of both trees; ``changes`` go to the arguments."""
        disputed, previous = self.entries[place], self.entries[place - 1]
        values: dict[str, object] = {
            "previous": previous.header,
            "disputed": disputed.header,
            "data": disputed.data,
            "index": at,
            "old_word": previous.words.get(at, 0),
            "old_siblings": siblings_of(previous.words, [at]),
            "new_word": disputed.words.get(at, 0),
            "new_siblings": siblings_of(disputed.words, [at]),
        } | changes
        before, after, data, *proof = values.values()
        return act(self.world, person, "challenge", before.fields(), after.fields(), data, tuple(proof))  # type: ignore[attr-defined]

    def retrace(
        self,
        deltas: Mapping[int, int],
        last_word: int = LAST,
        *,
        first: int = 0,
        place: int = -1,
        person: str = "stranger",
        **changes: object,
    ) -> dict:
        """One call of a retracing of the entry at ``place``, whose data say ``deltas``, from ``first`` on."""
        disputed, previous = self.entries[place], self.entries[place - 1]
        done = {m: d for m, d in deltas.items() if m // 8 < first}
        words = apply_deltas(previous.words, done)
        touched = sorted({m // 8 for m in deltas if first <= m // 8 <= last_word})
        values: dict[str, object] = {
            "previous": previous.header,
            "disputed": disputed.header,
            "data": disputed.data,
            "last_word": last_word,
            "old_words": [words.get(index, 0) for index in touched],
            "siblings": siblings_of(words, touched) if touched else [],
        } | changes
        before, after, *rest = values.values()
        return act(self.world, person, "retrace", before.fields(), after.fields(), *rest)  # type: ignore[attr-defined]

    def forget(self, place: int = -1) -> None:
        """The contract voided the entry at ``place`` and all behind it."""
        del self.entries[place:]

    def resume(self) -> None:
        """After a void: the ledger settles again."""
        act(self.world, "config", "unpause")

    def end_window(self) -> None:
        """Everything that is settled is final from now on."""
        evm.travel(self.world.chain, seconds=WINDOW + 1)

    def check(self) -> None:
        """The contract stands where the book does: supply, and the hash that the next batch hangs on."""
        assert read(self.world, "totalSupply") == self.last.header.supply
        assert read(self.world, "lastBatchHash", types=("bytes32",)) == self.hash_of(self.last.header)


def make_root_world(**changes: object) -> World:
    """A deployment in root mode with a window of an hour."""
    return make_world(**{"mode": ROOT, "challenge_window": WINDOW} | changes)


def void_in(receipt: Mapping) -> tuple[int, int, str, int]:
    """(from, to, by, fraud) of the one BatchVoided in a receipt; ``by`` in lower case."""
    (log,) = [log for log in receipt["logs"] if bytes(log["topics"][0]) == VOIDED]
    first, last, by = (bytes(topic) for topic in log["topics"][1:])
    return int.from_bytes(first), int.from_bytes(last), "0x" + by[12:].hex(), int(bytes(log["data"]).hex(), 16)


def change(header: Header, **fields: object) -> Header:
    """The header with other fields."""
    return replace(header, **fields)  # type: ignore[arg-type]
