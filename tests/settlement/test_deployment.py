"""Deployment.from_manifest
├── given a manifest: it gives what settlement needs of it, addresses checksummed
├── given a mode, a window and a first block: it gives them
└── given a manifest with a field missing or unreadable: it raises InvalidSettings that names the field
"""

from typing import Any

import pytest

from loyaltychain.core.errors import InvalidSettings
from loyaltychain.settlement.deployment import Deployment
from tests.settlement.builders import DEPLOYMENT


def make_manifest(**changes: Any) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "network": "local",
        "chain_id": 31337,
        "genesis_hash": "0x" + "01" * 32,
        "instance_id": "0x" + "02" * 32,
        "contracts": {
            "AccessManager": {"address": "0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0"},
            "PointsLedger": {"address": DEPLOYMENT.ledger.lower()},
            "ProgramRegistry": {"address": DEPLOYMENT.registry.lower()},
        },
    }
    return {name: value for name, value in (manifest | changes).items() if value is not None}


def test_from_manifest__a_manifest__what_settlement_needs() -> None:
    assert Deployment.from_manifest(make_manifest()) == DEPLOYMENT


def test_from_manifest__mode_window_and_first_block__given() -> None:
    manifest = make_manifest(mode="root", challenge_window=3600, first_block=17)

    found = Deployment.from_manifest(manifest)

    assert (found.mode, found.challenge_window, found.first_block) == ("root", 3600, 17)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"network": None}, "field: network"),
        ({"network": 5}, "field: network"),
        ({"chain_id": None}, "field: chain_id"),
        ({"chain_id": "31337"}, "field: chain_id"),
        ({"chain_id": True}, "field: chain_id"),
        ({"chain_id": 0}, "field: chain_id"),
        ({"genesis_hash": "0x01"}, "field: genesis_hash"),
        ({"genesis_hash": "01" * 32}, "field: genesis_hash"),
        ({"instance_id": "0x" + "zz" * 32}, "field: instance_id"),
        ({"mode": "pull"}, "field: mode"),
        ({"challenge_window": -1}, "field: challenge_window"),
        ({"first_block": "3"}, "field: first_block"),
        ({"contracts": None}, "field: contracts"),
        ({"contracts": []}, "contract: PointsLedger"),
        ({"contracts": {"PointsLedger": {"address": "0x12"}}}, "contract: PointsLedger"),
        ({"contracts": {"PointsLedger": {"address": DEPLOYMENT.ledger}}}, "contract: ProgramRegistry"),
    ],
)
def test_from_manifest__missing_or_unreadable__names_the_field(changes: dict[str, Any], fact: str) -> None:
    with pytest.raises(InvalidSettings, match=fact):
        Deployment.from_manifest(make_manifest(**changes))
