"""Three workers as they are often written, each wrong in its own way. They must break what ``check`` looks at.

A check that they pass would prove nothing about the worker that is right.
"""

from functools import partial

from loyaltychain.chain.fees import FeeBid, next_fees
from loyaltychain.core import errors
from loyaltychain.settlement.types import State
from tests.crash.harness import Fuse
from tests.simulation.books import commit
from tests.simulation.chain import SentTx, Settlement
from tests.simulation.course import Setting, make_batches
from tests.simulation.model import Wallet
from tests.simulation.node import FakeNode

_PATIENCE = 12  # looks


class Naive:
    """Send, wait, record. What it was doing when it died, it does again."""

    def __init__(self, setting: Setting) -> None:
        self.wallet = Wallet()
        self.node = FakeNode(setting.chain, setting.rng, self.wallet.read, finalized_lag=setting.finalized_lag)
        self.due = make_batches(setting.rng, setting.chain.genesis)
        self.profile = setting.profile
        self.books: dict[int, State] = {batch.number: "sealed" for batch in self.due}
        self.kept: dict[int, list[SentTx]] = {batch.number: [] for batch in self.due}
        self._sent: SentTx | None = None  # in memory
        self._looks = 0

    def states(self) -> dict[int, State]:
        return self.books

    def start(self, fuse: Fuse) -> "Naive":
        self.fuse = fuse
        self._sent = None
        return self

    def retry(self) -> None:
        """It has no such thing."""

    def step(self) -> None:
        batch = next((batch for batch in self.due if self.books[batch.number] in ("sealed", "submitted")), None)
        if batch is not None:
            self.work_on(batch)

    def work_on(self, batch: Settlement) -> None:
        if self._sent is None:
            self._sent, self._looks = self.send(batch, nonce=self.node.nonce("")), 0
            return
        receipt = self.node.receipt(self._sent.hash)
        self._looks += 1
        if receipt is not None:
            self.record(batch, status=receipt.status)
        if receipt is not None or self._looks > _PATIENCE:
            self._sent = None

    def record(self, batch: Settlement, *, status: int) -> None:
        if status == 1:
            self.mark(batch, "final")

    def send(self, batch: Settlement, *, nonce: int) -> SentTx | None:
        bid = next_fees(None, self.node.fees(), self.profile)
        if not isinstance(bid, FeeBid):
            return None
        tx = self.wallet.sign(batch, nonce=nonce, bid=bid)
        self.keep(batch, tx)
        self.fuse.burn()
        self.node.send_raw(tx.hash)
        self.fuse.burn()
        return tx

    def keep(self, batch: Settlement, tx: SentTx) -> None:
        """It keeps nothing."""

    def mark(self, batch: Settlement, state: State) -> None:
        commit(self.fuse, partial(self.books.__setitem__, batch.number, state))


class GuardOnly(Naive):
    """Relies on the contract to refuse what comes twice, and believes that what was refused has failed."""

    def record(self, batch: Settlement, *, status: int) -> None:
        self.mark(batch, "final" if status == 1 else "halted")


class TrustPending(Naive):
    """Bytes on disk before they go out, done by the contract's word at a final block; and whether a transaction is on
    its way, and on which nonce, by the node's count of what is pending."""

    def work_on(self, batch: Settlement) -> None:
        hashes = self.node.made("finalized").state.hashes
        if len(hashes) > batch.number and hashes[batch.number] == batch.hash:
            self.mark(batch, "final")
            return
        pending = self.node.pending_nonce()
        if not self.kept[batch.number] or pending == self.node.nonce(""):
            try:
                self.send(batch, nonce=pending)
            except (errors.RpcUnavailable, errors.SendRefused):
                return  # the count will tell

    def keep(self, batch: Settlement, tx: SentTx) -> None:
        commit(self.fuse, partial(self.kept[batch.number].append, tx))
