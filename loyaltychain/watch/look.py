"""One look at a ledger at the newest block: which batches stand, which of them are true, which can still be voided.

Reads at the head, not at a final block: the challenge window runs from there. Logs that were read are kept and only new
ones are asked for; what they add up to is folded anew whenever there are any.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from loyaltychain.audit.chain_log import ChainLog, Pin, check_same_chain, choose_pin, fetch_chain_log
from loyaltychain.audit.headers import GENESIS
from loyaltychain.audit.lies import FRAUD_WORDS, Fraud, Lie
from loyaltychain.audit.manifest import LEDGER, MODES, Manifest, Mode, parse_manifest
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.audit.settled import SettledBatch
from loyaltychain.audit.views import View
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import InvalidSettings, RpcUnavailable
from loyaltychain.core.hashing import to_hex

#: Batches whose time of settlement the contract still knows; none before them is pending.
KEPT: Final = 64
#: What the contract makes sure of. Where logs say otherwise, some of them were not served, or were made up.
_OF_THE_NODE: Final = frozenset({
    "data-missing", "data-unexpected", "data-hash", "batch-hash", "batch-sequence", "prev-hash", "batch-supply",
    "log-unreadable",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one batch that stands. Instants in unix seconds."""

    batch_id: int
    hash: bytes
    is_true: bool | None  # None: it hangs on a false batch, or logs are missing, so that nobody can tell
    fraud: Fraud | None
    final_at: int | None  # None in push mode, and where it left the contract's history long ago
    is_pending: bool  # whether it can still be voided

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "batch": self.batch_id,
            "hash": to_hex(self.hash),
            "true": self.is_true,
            "fraud": None if self.fraud is None else self.fraud.name.lower().replace("_", "-"),
            "final_at": self.final_at,
            "pending": self.is_pending,
        }


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look came to. ``verdicts`` are of the newest 64 batches that stand, and of every false one."""

    pin: Pin
    time: int  # of the pinned block, unix seconds
    mode: Mode
    is_paused: bool
    rebuilt: Rebuilt
    verdicts: tuple[Verdict, ...]
    withheld: tuple[str, ...]  # what the node's logs lack

    @property
    def lie(self) -> Lie | None:
        """The oldest false batch that can still be voided; with it go all behind it."""
        pending = {verdict.batch_id for verdict in self.verdicts if verdict.is_pending}
        return next((lie for lie in self.rebuilt.lies if lie.disputed.batch_id in pending), None)

    @property
    def false(self) -> tuple[Verdict, ...]:
        """The false batches, oldest first."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_true is False)

    @property
    def unjudged(self) -> tuple[Verdict, ...]:
        """The batches of which nobody can tell."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_true is None)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "block": self.pin.number,
            "mode": self.mode.name,
            "challenge_window": self.mode.challenge_window,
            "paused": self.is_paused,
            "last_batch": self.rebuilt.last_id,
            "supply": self.rebuilt.batches[-1].header.supply if self.rebuilt.batches else GENESIS.supply,
            "batches": [verdict.document() for verdict in self.verdicts],
            "voids": [[void.first, void.last] for void in self.rebuilt.voids],
            "withheld": list(self.withheld),
        }


class Lookout:
    """Looks at one deployment again and again."""

    def __init__(self, rpc: Rpc, manifest_document: Mapping[str, object]) -> None:
        """
        Raises:
            InvalidSettings: a manifest that cannot be read.
        """
        self.manifest: Manifest = parse_manifest(manifest_document)
        self._rpc = rpc
        self._log: ChainLog | None = None
        self._rebuilt: Rebuilt | None = None

    def look(self) -> Sight:
        """What stands at the newest block.

        Raises:
            WrongChain: the node serves another chain than the manifest's.
            InvalidSettings: the ledger is in another mode, or has another window, than the manifest says.
            RpcUnavailable: it does not answer, or the chain was reorganised meanwhile; look again.
        """
        check_same_chain(self._rpc, self.manifest)
        pin = choose_pin(self._rpc, finality_depth=0)
        rebuilt = self._read(pin)
        time = self._rpc.block(pin.number).timestamp
        view = View(self._rpc, self.manifest.addresses[LEDGER], block=pin.number)
        _check_mode(rebuilt.mode, view)
        return Sight(
            pin=pin,
            time=time,
            mode=rebuilt.mode,
            is_paused=bool(view.number("paused()")),
            rebuilt=rebuilt,
            verdicts=_judge(rebuilt, view, now=time),
            withheld=_find_gaps(rebuilt, view),
        )

    def _read(self, pin: Pin) -> Rebuilt:
        """The fold of all logs up to ``pin``."""
        known = self._log
        if known is not None and self._is_canonical(known.pin):
            later = replace(self.manifest, first_block=known.pin.number + 1)
            fresh = fetch_chain_log(self._rpc, later, pin=pin)
            log = replace(fresh, first_block=known.first_block, logs=known.logs + fresh.logs)
            is_same = not fresh.logs
        else:
            log, is_same = fetch_chain_log(self._rpc, self.manifest, pin=pin), False
        rebuilt = (
            self._rebuilt if is_same and self._rebuilt is not None else rebuild(log, mode=self.manifest.first_mode)
        )
        # A node that keeps logs back may come round: what it said so far is asked again then.
        self._log, self._rebuilt = (None if _is_broken(rebuilt) else log), rebuilt
        return rebuilt

    def forget(self) -> None:
        """Ask for all logs again at the next look."""
        self._log = None

    def _is_canonical(self, pin: Pin) -> bool:
        try:
            return self._rpc.block(pin.number).hash == pin.hash
        except RpcUnavailable:
            return False


def _check_mode(mode: Mode, view: View) -> None:
    """A manifest that says push, or a shorter window, would have a false batch passed over in silence."""
    name = MODES[view.number("mode()")]
    window = view.number("challengeWindow()")
    if (name, window) != (mode.name, mode.challenge_window):
        raise InvalidSettings(
            f"The ledger is in {name} mode with a challenge window of {window} seconds; by the manifest and the node's "
            f"logs it is in {mode.name} mode with {mode.challenge_window}. One of them is false; nothing was judged. "
            "Get the manifest from somebody else, or ask another node."
        )


def say_fraud(fraud: Fraud) -> str:
    """What is false, as a clause."""
    return FRAUD_WORDS[fraud]


def _judge(rebuilt: Rebuilt, view: View, *, now: int) -> tuple[Verdict, ...]:
    recent = [batch for batch in rebuilt.batches if batch.header.batch_id > rebuilt.last_id - KEPT]
    # In a switched ledger, batches of push mode were applied by the contract: there was never anything to believe.
    in_root = [batch for batch in recent if batch.mode.is_root]
    last_known = view.number("lastBatchId()")
    asked = [batch.header.batch_id for batch in in_root if last_known - KEPT < batch.header.batch_id <= last_known]
    settled_at = dict(zip(asked, view.numbers("settledAt(uint32)", asked), strict=True)) if asked else {}
    window = rebuilt.mode.challenge_window
    old = [batch for batch in rebuilt.batches[: -len(recent) or None] if batch.is_lie]
    return tuple(
        _verdict(batch, settled_at.get(batch.header.batch_id), window=window, now=now) for batch in (*old, *recent)
    )


def _verdict(batch: SettledBatch, settled_at: int | None, *, window: int, now: int) -> Verdict:
    final_at = None if settled_at is None else settled_at + window
    return Verdict(
        batch_id=batch.header.batch_id,
        hash=batch.hash,
        is_true=batch.fraud is None if batch.is_judged else None,
        fraud=batch.fraud if batch.is_judged else None,
        final_at=final_at,
        is_pending=final_at is not None and final_at > now,
    )


def _find_gaps(rebuilt: Rebuilt, view: View) -> tuple[str, ...]:
    """Where the logs are not all that the contract wrote, one sentence each."""
    gaps = [
        f"{finding.subject}: {finding.code}, expected {finding.expected}, got {finding.actual}"
        for finding in rebuilt.findings
        if finding.code in _OF_THE_NODE
    ]
    last_id, last_hash = view.number("lastBatchId()"), view.word("lastBatchHash()")
    if (last_id, last_hash) != (rebuilt.last_id, rebuilt.last_hash):
        gaps.append(
            f"the ledger stands at batch {last_id}, {to_hex(last_hash)}; the node's logs lead to batch "
            f"{rebuilt.last_id}, {to_hex(rebuilt.last_hash)}"
        )
    return tuple(gaps)


def _is_broken(rebuilt: Rebuilt) -> bool:
    return any(finding.code in _OF_THE_NODE for finding in rebuilt.findings)
