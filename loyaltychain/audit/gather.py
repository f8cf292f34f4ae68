"""The logs that an audit looks at: from a node at one block, or from a file, or from both and compared."""

from dataclasses import replace
from pathlib import Path

from loyaltychain.audit.chain_log import ChainLog, Pin, check_pin, check_same_chain, fetch_chain_log
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.heads import At, FinalityRule, Heads, read_heads, rule_of_chain
from loyaltychain.audit.log_file import read_log_file
from loyaltychain.audit.manifest import Manifest
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import InvalidSettings, RpcUnavailable
from loyaltychain.core.hashing import to_hex


def gather(
    rpc: Rpc | None, manifest: Manifest, *, rule: FinalityRule | None, at: At, logs: Path | None
) -> tuple[ChainLog, list[Finding]]:
    """The logs to audit, with how far the chain stands, and where file and node contradict each other.

    Raises:
        InvalidSettings, WrongChain, RpcUnavailable: as ``run_audit``.
    """
    heads = None
    if rpc is not None:
        check_same_chain(rpc, manifest)
        heads = read_heads(rpc, rule or rule_of_chain(manifest.chain_id))
    if logs is None:
        if rpc is None or heads is None:
            raise InvalidSettings("An audit needs a node or a file of chain logs: --rpc URL, or --logs FILE.")
        chain_log = fetch_chain_log(rpc, manifest, pin=_choose_pin(rpc, heads, at))
        return replace(chain_log, heads=heads), []
    chain_log, promised = read_log_file(logs)
    claimed = (chain_log.chain_id, chain_log.addresses)
    if claimed != (manifest.chain_id, manifest.addresses):
        raise InvalidSettings("The log file is of other contracts than the manifest.", file=logs.name)
    found = differences("log-file-cut", logs.name, expected=promised, actual=len(chain_log.logs))
    if rpc is not None:
        found += _compare(chain_log, fetch_chain_log(rpc, manifest, pin=_canonical(rpc, chain_log.pin)))
    return replace(chain_log, heads=heads or chain_log.heads), found


def _choose_pin(rpc: Rpc, heads: Heads, at: At) -> Pin:
    number = {"latest": heads.head, "safe": heads.safe, "final": heads.final}[at]
    if number is None:
        raise RpcUnavailable(
            f"The node cannot say which block is {at}: audit the newest one, with --at latest, or ask another node.",
            final=heads.by,
        )
    block = rpc.block(number)
    return Pin(block.number, block.hash)


def _canonical(rpc: Rpc, pin: Pin) -> Pin:
    check_pin(rpc, pin)
    return pin


def _compare(from_file: ChainLog, from_node: ChainLog) -> list[Finding]:
    """One finding at the first log in which file and node differ."""
    for kept, served in zip((*from_file.logs, None), (*from_node.logs, None), strict=False):
        if kept != served:
            place = served or kept
            assert place is not None, "two ends are equal"
            return [
                make_finding(
                    "log-file-differs",
                    f"log {place.index}",
                    expected=None if served is None else to_hex(served.data)[:80],
                    actual=None if kept is None else to_hex(kept.data)[:80],
                    block=place.block_number,
                )
            ]
    return []
