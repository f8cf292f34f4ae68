"""How a local chain begins, and by whose rules it goes on: eth-tester's chain on a store of ours.

The rules (Prague, chain id, no proof of work) are eth-tester's own chain class. Its memory and its way of looking
transactions up are not used: the one forgets, the other scans all blocks.
"""

import secrets
from typing import cast

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.typing import AccountDetails
from eth_tester.backends.pyevm.main import PyEVMBackend, setup_tester_chain  # type: ignore[import-untyped]
from eth_typing import Address

from loyaltychain.chain.devkeys import development_addresses
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.localchain.store import Store

# The first of the development accounts (``chain/devkeys.py``), written out for a single key's use. All of them are
# funded here, as development nodes do.
DEV_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
DEV_ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"

GAS_LIMIT = 300_000_000  # of a block, constant
_DEV_BALANCE = 1_000_000 * 10**18  # wei


def chain_rules() -> type[MiningChain]:
    """eth-tester's chain class. It is made anew by each set-up of eth-tester, so hold on to the one you use."""
    _, chain = setup_tester_chain()
    return cast(type[MiningChain], type(chain))  # eth-tester is not typed


def begin_chain(rules: type[MiningChain], store: Store, now: UnixSeconds) -> MiningChain:
    """A chain of one block, written to ``store``. Its genesis has a random part: no two chains have the same."""
    parameters = PyEVMBackend.generate_genesis_params(
        overrides={"gas_limit": GAS_LIMIT, "timestamp": now, "extra_data": secrets.token_bytes(32)}
    )
    funded: AccountDetails = {"balance": _DEV_BALANCE, "nonce": 0, "code": b"", "storage": {}}
    state = {Address(bytes.fromhex(address[2:])): funded for address in development_addresses()}
    return cast(MiningChain, rules.from_genesis(AtomicDB(store.nodes), parameters, state))


def open_chain(rules: type[MiningChain], store: Store) -> MiningChain:
    """The chain that ``store`` holds, at its head."""
    return rules(AtomicDB(store.nodes))
