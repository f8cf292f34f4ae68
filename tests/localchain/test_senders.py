"""Who sent a transaction
└── given two that differ in their signatures alone: receipts and look-ups tell them apart, again and after a restart
"""

from pathlib import Path

from eth_account import Account
from eth_utils.address import to_checksum_address

from loyaltychain.chain.devkeys import development_addresses, development_keys
from tests.localchain.asking import opened
from tests.localchain.builders import CHAIN_ID, MAX_FEE, STRANGER, TIP


def test_receipt__twins_of_two_accounts__each_names_its_own(state: Path) -> None:
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": 0, "to": to_checksum_address(STRANGER), "value": 1,
              "gas": 21_000, "maxFeePerGas": MAX_FEE, "maxPriorityFeePerGas": TIP}  # fmt: skip
    signed = [Account.from_key(key).sign_transaction(fields) for key in development_keys(2)]
    expected = [(address, address) for address in development_addresses()[:2]]

    def told() -> list[tuple[str, str]]:
        return [
            (local.ask("eth_getTransactionReceipt", tx)["from"], local.ask("eth_getTransactionByHash", tx)["from"])
            for tx in hashes
        ]

    with opened(state) as local:
        hashes = [local.ask("eth_sendRawTransaction", "0x" + bytes(each.raw_transaction).hex()) for each in signed]
        assert [told(), told()] == [expected, expected]
    with opened(state) as local:
        assert told() == expected
