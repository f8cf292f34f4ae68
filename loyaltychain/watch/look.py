"""One look at a deployment at the newest block: which batches stand and are true, and what is not as was promised.

Reads at the head, not at a final block: the challenge window runs from there.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loyaltychain.audit.chain_log import Pin, check_pin, check_same_chain, choose_pin
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.headers import GENESIS
from loyaltychain.audit.lies import Lie
from loyaltychain.audit.manifest import LEDGER, MODES, Manifest, Mode, parse_manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.views import View
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.watch.differences import ALLOWED, Comparison, to_raise
from loyaltychain.watch.forward import Forward
from loyaltychain.watch.judge import Verdict, find_gaps, judge
from loyaltychain.watch.trail import ANCHOR_BLOCKS, Trail


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look came to. ``verdicts`` are of the newest 64 batches that stand, and of every false one. Balances in
    ``rebuilt`` are those of the newest look."""

    pin: Pin
    time: int  # of the pinned block, unix seconds
    mode: Mode
    is_paused: bool
    rebuilt: Rebuilt
    verdicts: tuple[Verdict, ...]
    withheld: tuple[str, ...]  # what the node's logs lack
    findings: tuple[Finding, ...] = ()  # of all but the batches' truth, what is allowed included

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

    @property
    def deadline(self) -> int | None:
        """When the first batch becomes final that can be voided and that nobody can judge; None where there is none."""
        pending = [verdict.final_at for verdict in self.unjudged if verdict.is_pending and verdict.final_at is not None]
        return min(pending, default=None)

    @property
    def differences(self) -> tuple[Finding, ...]:
        """What is not as the programme promises."""
        return tuple(finding for finding in self.findings if finding.code not in ALLOWED)

    @property
    def allowed(self) -> tuple[Finding, ...]:
        """What is allowed, and somebody should know of."""
        return tuple(finding for finding in self.findings if finding.code in ALLOWED)

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
            "differences": [asdict(finding) for finding in self.differences],
            "allowed": [asdict(finding) for finding in self.allowed],
        }


class Lookout:
    """Looks at one deployment again and again. What was read is not read again, unless the chain went back."""

    def __init__(
        self, rpc: Rpc, manifest_document: Mapping[str, object], *, anchor_blocks: int = ANCHOR_BLOCKS
    ) -> None:
        """
        Args:
            anchor_blocks: Blocks between the two copies that the chain may go back to.

        Raises:
            InvalidSettings: a manifest that cannot be read.
        """
        self.manifest: Manifest = parse_manifest(manifest_document)
        self._rpc = rpc
        self._trail = Trail(rpc, self.manifest, anchor_blocks=anchor_blocks)
        self._comparison = Comparison(rpc, self.manifest)
        self._last: tuple[Forward, int, Rebuilt] | None = None  # of how many logs

    def look(self) -> Sight:
        """What stands at the newest block.

        Raises:
            WrongChain: the node serves another chain than the manifest's.
            InvalidSettings: the ledger is in another mode, or has another window, than the manifest says.
            RpcUnavailable: it does not answer, or the chain was reorganised meanwhile; look again.
        """
        check_same_chain(self._rpc, self.manifest)
        pin = choose_pin(self._rpc, finality_depth=0)
        forward = self._trail.follow(pin)
        rebuilt = self._rebuild(forward)
        time = self._rpc.block(pin.number).timestamp
        compared = self._comparison.compare(forward, rebuilt, self._trail.times, pin=pin, now=time)
        ledger = View(self._rpc, self.manifest.addresses[LEDGER], block=pin.number) if compared.is_released else None
        if ledger is not None:
            self._check_mode(rebuilt.mode, ledger)
        gaps = find_gaps(rebuilt, ledger)
        sight = Sight(
            pin=pin,
            time=time,
            mode=rebuilt.mode,
            is_paused=ledger is not None and bool(ledger.number("paused()")),
            rebuilt=rebuilt,
            verdicts=judge(rebuilt, ledger, now=time),
            withheld=gaps,
            findings=to_raise(compared.findings),
        )
        check_pin(self._rpc, pin)  # else some answers are of another chain than others
        if gaps or compared.is_contradiction:
            self._trail.doubt()
        else:
            self._trail.keep()
        return sight

    def _rebuild(self, forward: Forward) -> Rebuilt:
        if self._last is None or self._last[:2] != (forward, forward.taken):
            self._last = (forward, forward.taken, forward.rebuilt())
        return self._last[2]

    def _check_mode(self, mode: Mode, view: View) -> None:
        """A manifest that says push, or a shorter window, would have a false batch passed over in silence."""
        name = MODES[view.number("mode()")]
        window = view.number("challengeWindow()")
        if (name, window) != (mode.name, mode.challenge_window):
            self._trail.doubt()
            raise InvalidSettings(
                f"The ledger is in {name} mode with a challenge window of {window} seconds; by the manifest and the "
                f"node's logs it is in {mode.name} mode with {mode.challenge_window}. One of them is false; nothing "
                "was judged. Get the manifest from somebody else, or ask another node."
            )
