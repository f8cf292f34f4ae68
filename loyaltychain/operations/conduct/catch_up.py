"""What a new version of the programme asks of events that were taken in before it; resumable, in portions.

Types that no version asked for before are routed now; and where achievements are filled back, all members are folded
anew.
"""

from loyaltychain.db.engine import Tx
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events.store import read_events
from loyaltychain.operations.conduct import state_store
from loyaltychain.operations.conduct.routing import route
from loyaltychain.operations.conduct.run import Run
from loyaltychain.operations.conduct.versions import UNKNOWN, Engines, Versions
from loyaltychain.operations.conduct.words import Words, read_words

VERSION = "conduct.version"  # the cursor of versions, by their numbers
ROUTED = "conduct.routed"  # with the number of a version: how far older events were routed by it


def route_again(tx: Tx, run: Run, done: int, limit: int) -> int:
    """Go on with what new versions ask of events up to position ``done``. How many were looked at; 0: it is done."""
    versions = run.engines.versions
    number, handled = len(versions.digests), read_cursor(tx, VERSION)
    if handled >= number:
        return 0
    if done and _asks_for_more(versions, handled):
        step = f"{ROUTED}:{number}"
        after = read_cursor(tx, step)
        found = read_events(tx, after, min(limit, done - after)) if done > after else []
        if found:
            route(tx, versions, run.loader, found, upto=done)
            move_cursor(tx, step, found[-1].position)
            return len(found)
        state_store.set_all_stale(tx)
    elif done and _fills_back(run.engines, handled):
        state_store.set_all_stale(tx)
    move_cursor(tx, VERSION, number)
    return 1 if done else 0


def _asks_for_more(versions: Versions, handled: int) -> bool:
    """Whether the versions since say something of events that nobody said before: that they count, make, take back, or
    speak for others."""
    before, now = _words(versions, handled), versions.words
    sets = ((now.types, before.types), (now.facts, before.facts), (now.to_referrers, before.to_referrers),
            (now.referrals, before.referrals), (now.about_referrals, before.about_referrals))  # fmt: skip
    pairs = (now.taken_back_by, before.taken_back_by), (now.waits_for, before.waits_for)
    return not (
        now.kinds.items() <= before.kinds.items()
        and all(new <= old for new, old in sets)
        and all(types <= old.get(act, set()) for new, old in pairs for act, types in new.items())
        and now.uses_rank <= before.uses_rank
        and now.nobodies <= before.nobodies
    )


def _fills_back(engines: Engines, handled: int) -> bool:
    """Whether the versions since add something to the time of an older one, beyond what those before them did."""
    before = engines.versions.first(handled)
    known = Engines(before, before.newest or engines.program)
    return any(
        engines[name].program != (known[name].program if name in before.names else engines.alone(name))
        for name in engines.versions.names[:-1]
    )


def _words(versions: Versions, count: int) -> Words:
    every = dict.fromkeys(digest for digest in versions.digests[:count] if digest != UNKNOWN)
    return read_words(conduct for digest in every if (conduct := versions.programs[digest].conduct) is not None)
