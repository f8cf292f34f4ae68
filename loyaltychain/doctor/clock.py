"""Whether our clock agrees with the chain's and the database's: silence, expiry and retries are judged by ours."""

from loyaltychain.doctor.finding import Finding

_WARN, _FAIL = 5, 60  # seconds
_AHEAD = 15  # that a block's time may lie before ours: what clients accept of a block (geth's allowedFutureBlockTime)
_MEND = "Let this machine's clock follow a time server (chrony, systemd-timesyncd)."


def judge_by_chain(*, now: int, head_time: int) -> Finding:
    """Only one side shows: a block from our future. A clock that runs ahead looks like a silent chain."""
    behind = head_time - now
    if behind > _AHEAD:
        return Finding("clock", "against the chain", "fail", f"ours is {behind} s behind the newest block's", _MEND)
    return Finding("clock", "against the chain", "ok", "no block is from our future")


def judge_by_database(*, now: int, database: int) -> Finding:
    """Against the database server's own clock."""
    difference = now - database
    found = f"ours is {abs(difference)} s {'ahead of' if difference >= 0 else 'behind'} the server's"
    if abs(difference) <= _WARN:
        return Finding("clock", "against the database", "ok", found)
    return Finding("clock", "against the database", "fail" if abs(difference) > _FAIL else "warn", found, _MEND)
