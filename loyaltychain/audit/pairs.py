"""Which content belongs to which settled batch: the one that its own transaction logged for its id."""

from collections.abc import Sequence

from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.log_shapes import Fact


def pair_content(facts: Sequence[Fact]) -> tuple[dict[tuple[int, int], bytes], list[Finding]]:
    """By the place of its ``BatchSettled``, each batch's content; and what is without its counterpart."""
    findings = []
    contents = {(fact.place.tx_hash, fact.numbers["id"]): fact for fact in facts if fact.name == "BatchData"}
    pairs: dict[tuple[int, int], bytes] = {}
    for settled in (fact for fact in facts if fact.name == "BatchSettled"):
        content = contents.pop((settled.place.tx_hash, settled.numbers["id"]), None)
        if content is not None:
            pairs[settled.place.key] = content.octets["content"]
            continue
        findings.append(
            make_finding(
                "data-missing",
                f"batch {settled.numbers['id']}",
                expected=settled.octets["data_hash"],
                actual=None,
                block=settled.place.block_number,
            )
        )
    findings += [
        make_finding(
            "data-unexpected",
            f"batch {content.numbers['id']}",
            expected=None,
            actual=f"{len(content.octets['content'])} bytes",
            block=content.place.block_number,
        )
        for content in contents.values()
    ]
    return pairs, findings
