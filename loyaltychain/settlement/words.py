"""Balances as the chain stores them: eight lanes of 32 bits to a 256-bit word.

Source: docs/PROTOCOL.md, section 1.
"""

from collections.abc import Mapping

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError

LANES = 8
LANE_BITS = 32


def pack(balances: Mapping[int, int]) -> dict[int, int]:
    """The words, by index, that hold ``balances`` (member number to whole points). Zero words are left out.

    Raises InvariantError for a member or a balance that fits no lane: nothing is carried into a neighbour.
    """
    words: dict[int, int] = {}
    for member, balance in balances.items():
        if not 1 <= member <= MEMBER_MAX:
            raise InvariantError("This member's number fits no lane.", member=member)
        if not 0 <= balance <= LANE_MAX:
            raise InvariantError("This balance fits no lane.", member=member, balance=balance)
        if balance:
            index, lane = divmod(member, LANES)
            words[index] = words.get(index, 0) | balance << LANE_BITS * lane
    return words
