"""The settling half: entries become batches, batches become final. One action a call, and it never sleeps.

A new batch is sealed only when none is on its way: what comes in while one waits goes into the next, which is the
larger for it. What waits since an outage is settled in batches as large as caps, gas and size allow, one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from loyaltychain.chain.facts import Block
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.profiles import Profile
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.deploy.code_check import check_code
from loyaltychain.settlement import blocking, store
from loyaltychain.settlement.confirm import Confirmed, confirm_step
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_history
from loyaltychain.settlement.kept import BalanceKeeper
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import retry_step, submit_step
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.voids import end_void_step, follow_voids
from loyaltychain.wiring import World
from loyaltychain.worker import reconciliation
from loyaltychain.worker.look import View
from loyaltychain.worker.price import why_later
from loyaltychain.worker.report import RunReport

NOTHING = RunReport()
RECONCILE_AGAIN = 600  # seconds after one that could not be done


@dataclass(frozen=True, slots=True)
class Progress:
    """What one action came to.

    Args:
        has_moved: Something changed: call again at once.
        is_parked: Looking again soon will not help: somebody, or more than a block's time, has to.
        report: A batch that became final.
    """

    has_moved: bool = False
    is_parked: bool = False
    waiting_for: str | None = None
    report: RunReport = NOTHING


IDLE = Progress()


def room_for(profile: Profile, head: Block) -> int:
    """Gas that one batch may need: what a transaction may have, and no more than its share of a block.

    The rehearsal puts a quarter on top of its estimate, so a batch must leave room for that.
    """
    share = head.gas_limit * profile.block_gas_percent // 100 if head.gas_limit else profile.tx_gas_cap
    return min(profile.tx_gas_cap, share) * 4 // 5


class Settler:
    """Settles the entries of one project."""

    def __init__(
        self, world: World, deployment: Deployment, *, before_seal: Callable[[], None], settle_every: int = 0
    ) -> None:
        """
        Args:
            before_seal: Decides on what waits.
            settle_every: Seconds after the last batch before the next one is sealed.

        Raises InvalidSettings when there is no settler's key, or it may not be used.
        """
        self._world, self._deployment = world, deployment
        self._before_seal, self._settle_every = before_seal, settle_every
        self._signer = world.settler()
        self._sender = world.sender([self._signer])
        self._keeper = BalanceKeeper()
        self._is_draining = False
        self._seen: Confirmed | Intent | None = None
        self._is_code_checked = False
        self._reconcile_from = UnixSeconds(0)

    @property
    def address(self) -> str:
        """Of the key that settles."""
        return self._signer.address

    def check(self) -> None:
        """Return if chain and database know the same batches, after taking over what was voided.

        Raises as ``follow_voids`` and ``check_history``, and until it has passed once as ``check_code``; nothing was
        signed.
        """
        world = self._world
        if not self._is_code_checked:
            check_code(world.rpc, world.manifest)
            self._is_code_checked = True
        if self._deployment.mode == "root":
            follow_voids(world.engine, world.rpc, self._deployment, depth=world.finality_depth())
        check_history(world.engine, world.rpc, self._deployment)

    def retry(self) -> None:
        """Send a halted batch once more, where that is safe: an engineer has mended the cause."""
        world = self._world
        retry_step(world.engine, world.rpc, self._deployment, settler=self._signer.address, now=world.clock())

    def step(self, view: View) -> Progress:
        """The next action. ``check`` has passed in this round.

        Raises:
            LedgerPaused, RpcUnavailable, DatabaseBusy: later is better; nothing is lost.
            RootMismatch, IntentReverted, NonceTaken, SendRefused, ChainAhead, ChainBehind: stop and look; the batch
                concerned is halted, or nothing was signed.
            OwnBatchVoided: stop and look; nothing is sealed before ``retry``.
            WrongChain: the comparison that is due each day met another chain.
        """
        ending = end_void_step(self._sender, self._deployment)
        if ending is not None:
            what = f"the end of {ending.id}, of a void batch: {ending.reason or ending.state}"
            return Progress(self._is_news(ending), waiting_for=what)
        self._reconcile_when_due()
        if (blocked := self._why_blocked()) is not None:
            return Progress(is_parked=True, waiting_for=blocked)
        if not self._is_any_on_its_way():
            if not self._is_due():
                return IDLE
            if (reason := why_later(self._world)) is not None:
                return Progress(is_parked=True, waiting_for=reason)
            self._before_seal()
            self._is_draining = self._seal(view)
        submit_step(
            self._world.engine, self._deployment, settler=self._signer.address, now=self._world.clock()
        )  # also hands a batch over to a new settler
        return self._confirm()

    def _reconcile_when_due(self) -> None:
        """Once a day; where chain or database cannot be asked now, it is tried again later and keeps nothing up."""
        now = self._world.clock()
        with reading(self._world.engine) as tx:
            is_due = now >= self._reconcile_from and blocking.is_due(tx, self._deployment.network, now=now)
        if not is_due:
            return
        try:
            reconciliation.reconcile(self._world, actor="worker")
        except (errors.RpcUnavailable, errors.NotYetFinal, errors.DatabaseBusy):
            self._reconcile_from = UnixSeconds(now + RECONCILE_AGAIN)

    def _why_blocked(self) -> str | None:
        """Why nothing new may go to the chain. What is on its way there goes to its end."""
        with reading(self._world.engine) as tx:
            if any(store.batches_in_state(tx, state) for state in ("halted", "submitted")):
                return None
            return blocking.why_blocked(tx, self._deployment.network)

    def _confirm(self) -> Progress:
        confirmed = confirm_step(self._sender, self._deployment)
        if confirmed is None or confirmed.state == "void":
            return Progress(has_moved=confirmed is not None)  # what a void one settled is sealed anew
        if confirmed.state == "final":
            settled = RunReport(batches=1, updates=self._updates_of(confirmed), gas_used=confirmed.gas_used or 0)
            return Progress(has_moved=True, report=settled)
        is_parked = confirmed.intent_state == "parked"
        return Progress(
            has_moved=self._is_news(confirmed) and not is_parked,
            is_parked=is_parked,
            waiting_for=f"batch {confirmed.batch_id}: {confirmed.reason or 'not final yet'}",
        )

    def _seal(self, view: View) -> bool:
        """Whether there was something to seal."""
        sealed = seal_step(
            self._world.engine,
            self._deployment,
            now=self._world.clock(),
            max_issued=view.known.award,
            max_burned=view.known.redemption,
            max_gas=room_for(self._world.profile, self._world.rpc.block("latest")),
            transfer_logs=view.transfer_logs,
            keeper=self._keeper,
        )
        return sealed is not None

    def _is_any_on_its_way(self) -> bool:
        with reading(self._world.engine) as tx:
            return any(store.batches_in_state(tx, state) for state in ("halted", "submitted", "sealed"))

    def _is_due(self) -> bool:
        """Whether enough time has passed since the last batch, or that one left something over."""
        with reading(self._world.engine) as tx:
            last = store.last_batch(tx)
        if self._is_draining or last is None or last.state != "final":
            return True
        return last.header.time + self._settle_every <= self._world.clock()

    def _is_news(self, seen: Confirmed | Intent) -> bool:
        before, self._seen = self._seen, seen
        return seen != before

    def _updates_of(self, confirmed: Confirmed) -> int:
        with reading(self._world.engine) as tx:
            batch = store.read_batch(tx, confirmed.batch_id)
        assert isinstance(batch, Batch), confirmed
        return batch.header.updates
