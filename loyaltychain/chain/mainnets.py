"""Chains on which gas costs money: nothing is sent there before somebody has said that it is meant. Asks no node."""

from loyaltychain.core.errors import InvalidSettings

#: EIP-155 ids as in the public register of chains. A chain that is not here is not thereby a test network.
MAINNETS = {
    1: "Ethereum",
    10: "OP Mainnet",
    25: "Cronos",
    56: "BNB Smart Chain",
    61: "Ethereum Classic",
    100: "Gnosis",
    130: "Unichain",
    137: "Polygon PoS",
    143: "Monad",
    146: "Sonic",
    169: "Manta Pacific",
    204: "opBNB",
    250: "Fantom Opera",
    252: "Fraxtal",
    288: "Boba",
    324: "zkSync Era",
    369: "PulseChain",
    480: "World Chain",
    999: "HyperEVM",
    1088: "Metis Andromeda",
    1101: "Polygon zkEVM",
    1135: "Lisk",
    1284: "Moonbeam",
    1285: "Moonriver",
    1329: "Sei",
    1868: "Soneium",
    2020: "Ronin",
    2741: "Abstract",
    5000: "Mantle",
    8217: "Kaia",
    8453: "Base",
    33139: "ApeChain",
    34443: "Mode",
    42161: "Arbitrum One",
    42170: "Arbitrum Nova",
    42220: "Celo",
    42793: "Etherlink",
    43114: "Avalanche C-Chain",
    57073: "Ink",
    59144: "Linea",
    60808: "BOB",
    80094: "Berachain",
    81457: "Blast",
    167000: "Taiko",
    534352: "Scroll",
    7777777: "Zora",
    1313161554: "Aurora",
}


def refuse_mainnet(chain_id: int, *, is_meant: bool) -> None:
    """Raise InvalidSettings on a chain where gas costs money, unless it ``is_meant``."""
    if chain_id in MAINNETS and not is_meant:
        raise InvalidSettings(
            f"Chain {chain_id} is {MAINNETS[chain_id]}, where gas costs money and contracts stay for ever. They have "
            "not been audited by a third party. If you mean it: --i-know-this-is-mainnet, once for this project.",
            chain_id=chain_id,
        )
