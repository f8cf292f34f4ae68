"""Development keys, known to everybody: for chains on one's own machine, and refused everywhere else."""

from collections.abc import Iterable
from functools import cache

from eth_account import Account

from loyaltychain.core import errors

#: The mnemonic that development nodes fund by default; the keys that it gives are public knowledge.
MNEMONIC = "test test test test test test test test test test test junk"
COUNT = 10
#: Where these keys may be used: the local chain of this package, and the default id of development nodes.
DEVELOPMENT_CHAINS = frozenset({131277322940537, 31337})


def development_keys(count: int = COUNT) -> list[str]:
    """The first ``count`` private keys of the mnemonic, as 64 hex digits each."""
    return list(_keys()[:count])


def development_addresses() -> list[str]:
    """Their addresses, lower-case."""
    return [Account.from_key(key).address.lower() for key in _keys()]


def refuse_development_keys(chain_id: int, addresses: Iterable[str]) -> None:
    """Raise InvalidSettings if one of these addresses belongs to a development key and the chain is a real one."""
    if chain_id in DEVELOPMENT_CHAINS:
        return
    known = sorted({address.lower() for address in addresses} & set(development_addresses()))
    if known:
        raise errors.InvalidSettings(
            f"Chain {chain_id} is no development chain, but the project's keys are development keys that everybody "
            "knows. Put keys of your own into keys/ (one file a role, mode 0600).",
            addresses=known,
        )


@cache
def _keys() -> tuple[str, ...]:
    Account.enable_unaudited_hdwallet_features()  # derivation of well-known keys only
    return tuple(
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}").key.hex().removeprefix("0x")
        for number in range(COUNT)
    )
