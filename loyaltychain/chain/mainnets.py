"""Chains on which gas costs money: a deployment there is asked for twice. Knows names, asks no node."""

from loyaltychain.core.errors import InvalidSettings

#: EIP-155 ids as in the public register of chains. A chain that is not here is not thereby a test network.
MAINNETS = {
    1: "Ethereum",
    10: "OP Mainnet",
    25: "Cronos",
    56: "BNB Smart Chain",
    100: "Gnosis",
    130: "Unichain",
    137: "Polygon PoS",
    250: "Fantom Opera",
    288: "Boba",
    324: "zkSync Era",
    480: "World Chain",
    1088: "Metis Andromeda",
    1101: "Polygon zkEVM",
    1135: "Lisk",
    1284: "Moonbeam",
    1868: "Soneium",
    5000: "Mantle",
    8453: "Base",
    34443: "Mode",
    42161: "Arbitrum One",
    42170: "Arbitrum Nova",
    42220: "Celo",
    43114: "Avalanche C-Chain",
    57073: "Ink",
    59144: "Linea",
    81457: "Blast",
    534352: "Scroll",
    7777777: "Zora",
}


def refuse_mainnet(chain_id: int, *, is_meant: bool) -> None:
    """Raise InvalidSettings on a chain where gas costs money, unless it ``is_meant``."""
    if chain_id in MAINNETS and not is_meant:
        raise InvalidSettings(
            f"Chain {chain_id} is {MAINNETS[chain_id]}, where gas costs money and contracts stay for ever. They have "
            "not been audited by a third party. If you mean it: --i-know-this-is-mainnet.",
            chain_id=chain_id,
        )
