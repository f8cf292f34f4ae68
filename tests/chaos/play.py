"""The play: kills and reorganisations by a seed, other faults beside them, and after each one the books are held
against the chain.

Two workers always live: one leads, the other stands by. Each is told the next failpoint to die at, or none; then it is
killed at a moment of chance. Everything random comes from the seed but for how fast machine and threads are.
"""

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice, repeat
from typing import Any

from loyaltychain.audit.run import run_audit
from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.clock import system_clock
from loyaltychain.core.failpoints import FAILPOINTS
from loyaltychain.program.load import parse_program, template
from tests.chaos.crew import Crew, Worker, restart_if_halted
from tests.chaos.facts import balances_by_name, compare, gather, judge
from tests.chaos.faults import FAULTS, LYING, has_unfinal, reorganise
from tests.chaos.ground import FINAL_DEPTH, Ground, prepared
from tests.chaos.proxy import Rule, eventually
from tests.chaos.script import Script, Summary
from tests.chaos.shoppers import Shoppers
from tests.community import awards_of, is_settled, replayed, undisturbed, with_community

BLOCK_SECONDS = 0.3
_RANDOM = "at random"
_UNFINAL_SECONDS = 15
_BELIEVED_SECONDS = 120  # after a lie, until whoever was halted by it has been started again
#: Of a worker that gets so far, there is something in the blocks that a reorganisation can take away.
_COMES_TO_SEND = (None, *FAILPOINTS[FAILPOINTS.index("mined.before_commit") :])
_PATIENCE = 300  # seconds, for a failpoint to be reached, and for all to be settled at the end


def perform(script: Script, say: Callable[[str], None] = lambda _: None) -> Summary:
    """Play it to its end.

    Raises AssertionError, with the seed, for whatever does not come out right.
    """
    began = time.monotonic()
    with prepared(block_seconds=BLOCK_SECONDS) as ground:
        play = _Play(ground, script, say)
        try:
            play.run()
        except AssertionError as failure:
            raise AssertionError(f"seed {script.seed}: {failure}\n{play.crew.log_tail()}") from failure
        except Exception as failure:
            failure.add_note(f"seed {script.seed}")
            raise
        finally:
            play.shoppers.quit()
    play.summary.seconds = round(time.monotonic() - began)
    return play.summary


class _Play:
    def __init__(self, ground: Ground, script: Script, say: Callable[[str], None]) -> None:
        self._ground, self._script, self._say = ground, script, say
        self._dice = random.Random(script.seed)
        self._arms = self._make_arms()
        self.crew = Crew(ground)
        self.shoppers = Shoppers(ground.engine, ground.project.home, seed=script.seed, pause=0.3)
        self.summary = Summary(script.seed)
        self._reorgs_due = 0
        self._lied_until = 0.0

    def run(self) -> None:
        script = self._script
        self.shoppers.start()
        self.crew.start(next(self._arms))
        self.crew.wait_for_leader()
        self.crew.start(next(self._arms))
        faults = self._spread(list(FAULTS) * max(1, script.kills // len(FAULTS)), script.kills)
        reorgs = self._spread([None] * script.reorgs, script.kills)
        for number in range(script.kills):
            for name in faults[number]:
                self._strike(name)
            self._reorgs_due += len(reorgs[number])
            self._kill()
        while any(each.arm for each in self.crew.workers) or self.summary.kills.total() < script.kills:
            self._kill()  # whoever was told where to die gets there
        while self._reorgs_due:
            self._reorganise()
        self._end()

    def _make_arms(self) -> Iterator[str | None]:
        """One a kill: failpoints in the order in which events pass them, from one of chance on, random kills between.

        Half of all are random, but for those that each failpoint needs to have its turn.
        """
        first, kills = self._dice.randrange(len(FAILPOINTS)), self._script.kills
        at_points = max(kills // 2, min(kills, len(FAILPOINTS)))
        names = islice(cycle(FAILPOINTS[first:] + FAILPOINTS[:first]), at_points)
        for number in range(kills):
            is_random = (number + 1) * at_points // kills == number * at_points // kills
            yield None if is_random else next(names)
        yield from repeat(None)

    def _spread(self, things: list[Any], rounds: int) -> list[list[Any]]:
        """All of the things, evenly over the rounds, in an order of chance."""
        self._dice.shuffle(things)
        spread: list[list[Any]] = [[] for _ in range(rounds)]
        for number, thing in enumerate(things):
            spread[number * rounds // len(things)].append(thing)
        return spread

    def _strike(self, name: str) -> None:
        self._say(f"fault: {name}")
        FAULTS[name](self._ground, self.crew, self._dice)
        self.summary.faults[name] += 1
        if name in LYING:
            self._lied_until = float("inf")
        self._pause(self._dice.uniform(0, 1))
        self._check()

    def _reorganise(self) -> None:
        """Rather when it takes something of ours away, but that is not waited for long."""
        self._reorgs_due -= 1
        deadline = time.monotonic() + _UNFINAL_SECONDS
        while not (has_unfinal(self._ground) or self._dead()) and time.monotonic() < deadline:
            self._pause(0.1)
        self._pause(self._dice.uniform(0, BLOCK_SECONDS * FINAL_DEPTH * 3 / 4))  # any time before it is final
        done = reorganise(self._ground, self.crew, self._dice)
        self._say(f"reorganisation: {done}")
        self.summary.reorgs[done.depth] += 1
        self.summary.reorgs_of_ours += done.has_ours
        self.summary.reorgs_with_ours_back += done.is_back
        self._check()

    def _kill(self) -> None:
        """The leader dies, at its failpoint or at a moment of chance; now and then it is the standby."""
        if self._dead() is None and self._reorgs_due and self.crew.wait_for_leader().arm in _COMES_TO_SEND:
            self._reorganise()
        eventually(lambda: self._attend() or self._dead() or self._unarmed(), "a worker dies", seconds=_PATIENCE)
        victim, unarmed = self._dead(), self._unarmed()
        if victim is not None:
            self.crew.bury(victim)
        elif unarmed:
            victim = self._dice.choice(unarmed)
            self._pause(self._dice.uniform(0, 2))
            if victim not in self.crew.living() or not self.crew.kill(victim):
                return  # an operator was faster; another round makes up for it
        else:
            return  # leadership has just changed
        at = victim.arm or _RANDOM
        self.summary.kills[at] += 1
        self._say(f"killed: {at}")
        self._check()
        while len(self.crew.living()) < 2:
            self.crew.start(next(self._arms))
        self._heal()

    def _unarmed(self) -> list[Worker]:
        """Those that may be killed at any moment, while one of them leads: one that is told where to die gets its turn,
        also when a restart has brought the other one before it."""
        unarmed = [each for each in self.crew.living() if each.arm is None]
        return unarmed if self.crew.leader() in unarmed else []

    def _dead(self) -> Worker | None:
        return next((each for each in self.crew.workers if self.crew.end_of(each) == -signal.SIGKILL), None)

    def _attend(self) -> bool:
        """A service manager's part, and an operator's."""
        self.summary.restarts += self.crew.supervise()
        code = restart_if_halted(
            self.crew, self.summary.operator_restarts, has_lied=time.monotonic() < self._lied_until
        )
        if code is not None:
            self._heal()
            self._say(f"an operator restarts what {code} has halted")
        return False

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        self._attend()

    def _heal(self) -> None:
        """The node tells the truth again."""
        self.summary.answers_spoilt += sum(rule["applied"] for rule in self._ground.proxy.shown())
        self._ground.proxy.set_rules([])
        self._lied_until = min(self._lied_until, time.monotonic() + _BELIEVED_SECONDS)

    def _check(self) -> None:
        """Hold books and chain against each other, as soon as the database answers."""
        found: list[list[str]] = []

        def is_judged() -> bool:
            try:
                found.append(judge(gather(self._ground)))
            except errors.RetryableError:
                return False
            return True

        eventually(is_judged, "the books can be read")
        assert not found[0], found[0]
        self.summary.checks += 1

    def _end(self) -> None:
        """Let everything settle, then look at all of it."""
        self._heal()
        self.shoppers.stop()
        eventually(
            lambda: self._attend() or self.crew.read(lambda tx: is_settled(tx, now=system_clock())),
            "all is settled",
            seconds=_PATIENCE,
        )
        for worker in list(self.crew.workers):
            self.crew.end(worker)
        self._check()
        facts, summary = gather(self._ground), self.summary
        found = balances_by_name(self._ground, facts)
        expected = self.shoppers.expected + self._check_awards()
        summary.lost, summary.doubled = compare(expected, found)
        summary.events = self.shoppers.told + len({act.id for act in self.shoppers.acts})
        summary.points, summary.grants, summary.batches = expected.total(), len(facts.granted), len(facts.settled)
        with self._ground.mining:  # as in ``gather``
            summary.transactions, summary.failed_transactions = _count_transactions(self._ground)
            summary.findings = self._audit()
        assert (summary.lost, summary.doubled, summary.findings) == (0, 0, []), summary
        assert summary.transactions - summary.failed_transactions == summary.batches, summary
        self._ground.proxy.set_rules([Rule("short_logs", "eth_getLogs")])
        assert self._audit(through_proxy=True), "an audit of logs that were silently cut short has found nothing"

    def _check_awards(self) -> Counter[str]:
        """Points by member that acts have to have brought: what they come to where nothing ever breaks."""
        now = system_clock()
        wrong = self.crew.read(lambda tx: replayed(tx, now=now))
        alone = undisturbed(self.shoppers.acts, parse_program(with_community(template("shop"))), now=now)
        found = awards_of(self._ground.engine)  # members have other numbers, and purchases beside it
        wrong += alone.differences(replace(found, balances=alone.balances, booked=alone.booked))
        assert not wrong, wrong
        points: Counter[str] = Counter()
        for (member, bucket, unit), amount in alone.balances.items():
            points[member] += amount * (bucket in ("available", "held") and unit == POINTS)
        return points

    def _audit(self, *, through_proxy: bool = False) -> list[str]:
        ground = self._ground
        rpc = type(ground.rpc).connect(ground.proxy.url) if through_proxy else ground.rpc
        manifest = json.loads(ground.project.manifest_file.read_text("utf-8"))
        report = run_audit(rpc, manifest, clock=time.monotonic, database=ground.engine)
        return [f"{finding.code} {finding.subject}" for finding in report.findings]


def _count_transactions(ground: Ground) -> tuple[int, int]:
    """How many of the settler's transactions the whole chain holds, and how many of them failed."""
    sent = failed = 0
    for number in range(int(ground.node.ask("eth_blockNumber"), 16) + 1):
        for each in ground.node.ask("eth_getBlockByNumber", hex(number), True)["transactions"]:
            if each["from"].lower() == ground.settler:
                sent += 1
                failed += ground.node.ask("eth_getTransactionReceipt", each["hash"])["status"] != "0x1"
    return sent, failed
