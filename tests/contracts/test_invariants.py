"""
the ledger over a long, random course of batches, lies, voids, syncs, pauses, caps and time, in either mode
├── given any step, the supply is the sum of the good batches' deltas, and only the settler's batches move it
├── given any step, ids go up by one with each settled batch and never else; the hash is the last good batch's
├── given any two instants, no more was issued or burned between them than capacity and refill allow
├── given any step, stored words are those of the batches (push) or of the last sync (root)
├── given any step, the newest final batch never goes back
└── given a void, everything is as it was before the voided batch
"""

import random
from dataclasses import dataclass, field

import pytest
from eth_utils.crypto import keccak

from tests.contracts.headers import EMPTY, Header, hash_header, make_header
from tests.contracts.records import encode_records
from tests.contracts.rooted import change
from tests.contracts.tree import DEPTH, LANE_MAX, LAST, apply_deltas, lane_of, leaf_of, node_of

fast = pytest.importorskip("tests.contracts.fast", reason="pyrevm cannot be had here", exc_type=ImportError)

WINDOW = 3600
CAPS = (900, 700, 5000, 3000, 50_000, 100_000)
STEPS = 5_000
MEMBERS = range(1, 8)  # one word: what the lanes do, other tests say


def root_of(word: int) -> bytes:
    """The root over a tree whose first word alone is not empty."""
    root = leaf_of(word)
    for _ in range(DEPTH):
        root = node_of(root, EMPTY)
    return root


@dataclass
class Course:
    """The ledger, and what it should say."""

    ledger: "fast.FastLedger"
    mode: int
    generator: random.Random
    good: list[tuple[Header, int, int]] = field(default_factory=lambda: [(Header(), 0, 0)])  # header, word, settled at
    lie: tuple[Header, bytes, dict[int, int], int] | None = None  # the false batch, its data, deltas, its place
    last_id: int = 0
    stored: int = 0
    final: int = 0
    passed: list[tuple[int, int, int]] = field(default_factory=list)  # (second, issued, burned), voided ones too
    done: dict[str, int] = field(default_factory=dict)

    def hash_of(self, header: Header) -> bytes:
        return hash_header(1, self.ledger.ledger, header.fields())

    def step(self) -> None:
        weights = {self.settle: 6, self.travel: 3, self.refuse: 2, self.void: 3, self.sync: 1, self.stop: 1}
        (action,) = self.generator.choices(list(weights), list(weights.values()))
        action()
        self.check()

    def count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def make(self) -> tuple[dict[str, object], bytes, dict[int, int], int]:
        """A true next batch, its data and deltas, and the word after it."""
        before, word, _ = self.good[-1]
        deltas = {}
        for member in self.generator.sample(MEMBERS, self.generator.randrange(4)):
            delta = self.generator.randrange(-400, 500)
            if delta and 0 <= lane_of(word, member) + delta <= LANE_MAX:
                deltas[member] = delta
        after = apply_deltas({0: word}, deltas).get(0, 0)
        values = deltas.values()
        batch: dict[str, object] = {
            "batchId": self.last_id + 1, "prevHash": self.hash_of(before), "balanceRoot": root_of(after),
            "receiptRoot": EMPTY, "ledgerHead": EMPTY, "programHash": EMPTY, "time": self.ledger.now,
            "updates": len(deltas), "issued": sum(v for v in values if v > 0),
            "burned": -sum(v for v in values if v < 0),
        }  # fmt: skip
        return batch, encode_records(deltas), deltas, after

    def settle(self) -> None:
        batch, data, deltas, word = self.make()
        is_lie = self.mode == 1 and self.lie is None and self.generator.random() < 0.15
        if is_lie:
            lies = {"balanceRoot": keccak(data), "issued": int(batch["issued"]) + 9, "updates": len(deltas) + 1}
            name = self.generator.choice(list(lies))
            batch[name] = lies[name]
        if not self.ledger.call("settler", "settle", tuple(batch.values()), data):
            self.count("refused by caps, pause or room")
            return
        self.count("lies" if is_lie else "settled")
        issued, burned = int(batch["issued"]), int(batch["burned"])
        header = make_header(batch, data, self.good[-1][0].supply + issued - burned)
        if is_lie:
            self.lie = header, data, deltas, len(self.good)
        self.last_id += 1
        self.good.append((header, word, self.ledger.now))
        self.passed.append((self.ledger.now, issued, burned))
        if self.mode == 0:
            self.stored = word
        self.check_caps()

    def check_caps(self) -> None:
        issue, burn = 0, 0
        for second, issued, burned in reversed(self.passed[-60:]):
            issue, burn = issue + issued, burn + burned
            span = self.ledger.now - second
            assert issue <= CAPS[2] + CAPS[2] * span // CAPS[4] + 1
            assert burn <= CAPS[3] + CAPS[3] * span // CAPS[4] + 1

    def travel(self) -> None:
        # Never past a lie's window: a lie that nobody shows in time stands, and that is no state to go on from.
        room = WINDOW if self.lie is None else self.good[self.lie[3]][2] + WINDOW - 1 - self.ledger.now
        self.ledger.travel(min(self.generator.choice([1, 12, 300, 1800, 3600]), room))

    def refuse(self) -> None:
        """What nobody may do, or not so."""
        batch, data, _, _ = self.make()
        person = self.generator.choice([name for name in fast.PEOPLE if name != "settler"])
        assert not self.ledger.call(person, "settle", tuple(batch.values()), data)
        wrong = batch | self.generator.choice([
            {"batchId": self.last_id}, {"batchId": self.last_id + 2}, {"prevHash": keccak(b"x")},
            {"issued": CAPS[0] + 1}, {"burned": CAPS[1] + 1}, {"updates": 10_001},
        ])  # fmt: skip
        assert not self.ledger.call("settler", "settle", tuple(wrong.values()), data)
        self.count("refused")

    def void(self) -> None:
        """Show the lie, if there is one; else attack a true batch, which survives."""
        if self.mode == 0 or len(self.good) < 2:
            return
        place = self.lie[3] if self.lie else len(self.good) - 1
        (previous, before, _), (disputed, _, _) = self.good[place - 1], self.good[place]
        if self.lie is None:
            self.attack(previous, disputed, before)
            return
        _, data, deltas, _ = self.lie
        words, siblings = ([before], [EMPTY] * DEPTH) if deltas else ([], [])
        headers = previous.fields(), disputed.fields()
        assert self.ledger.call("stranger", "retrace", *headers, data, LAST, words, siblings)
        del self.good[place:]
        self.lie = None
        self.count("voided")
        self.check()
        assert self.ledger.call("config", "unpause")

    def attack(self, previous: Header, disputed: Header, before: int) -> None:
        word, siblings = self.good[-1][1], [EMPTY] * 24
        for old, new in ((before, word), (before, word ^ 1), (before + 1, word)):
            proof = (0, old, siblings, new, siblings)
            assert not self.ledger.call("stranger", "challenge", previous.fields(), disputed.fields(), b"\x01", proof)
        assert not self.ledger.call(
            "stranger", "challenge", previous.fields(), change(disputed, issued=1, data_hash=keccak(b"")).fields(), b"",
            (0, 0, [], 0, []),
        )  # fmt: skip
        self.count("attacks survived")

    def sync(self) -> None:
        if self.mode == 0:
            return
        final = max(n for n, (_, _, at) in enumerate(self.good) if at + WINDOW <= self.ledger.now)
        if self.lie and final >= self.lie[3]:
            return
        chain = [header.fields() for header, _, _ in self.good[final : final + 2]]
        word = self.good[final][1]
        assert self.ledger.call("stranger", "sync", chain, [0], [word], [EMPTY] * 24)
        self.stored = word
        self.count("synced")

    def stop(self) -> None:
        assert self.ledger.call("guardian", "pause")
        batch, data, _, _ = self.make()
        assert not self.ledger.call("settler", "settle", tuple(batch.values()), data)
        assert not self.ledger.call("guardian", "unpause")
        assert self.ledger.call("config", "unpause")
        self.count("paused")

    def check(self) -> None:
        header, _, _ = self.good[-1]
        assert self.ledger.read("totalSupply()") == header.supply
        assert self.ledger.read("lastBatchId()") == self.last_id
        assert self.ledger.read("lastBatchHash()", ["bytes32"]) == self.hash_of(header)
        assert self.ledger.read("wordAt(uint32)", arguments=bytes(32)) == self.stored
        final = int(str(self.ledger.read("lastFinalId()")))
        assert final >= self.final
        self.final = final
        if self.lie is None:
            assert header.supply == sum(lane_of(self.good[-1][1], member) for member in MEMBERS)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "window"), [(0, 0), (1, WINDOW)], ids=["push", "root"])
def test_ledger__given_a_long_course__keeps_every_promise(mode: int, window: int) -> None:
    ledger = fast.FastLedger(mode=mode, challenge_window=window, caps=CAPS)
    ledger.travel(window)  # batch 0 is final
    course = Course(ledger, mode, random.Random(2026))
    course.good[0] = (Header(), 0, fast.START)

    for _ in range(STEPS):
        course.step()

    wanted = {"settled", "refused", "paused", "refused by caps, pause or room"}
    wanted |= {"lies", "voided", "synced", "attacks survived"} if mode else set()
    assert wanted <= course.done.keys()
    assert course.done["settled"] > STEPS // 10
