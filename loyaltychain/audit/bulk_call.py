"""Many answers of one function in one call: a tiny program that a node runs as if it created a contract.

Nothing is created: the program asks the contract once for each argument and returns the answers as "code". It is an
economy and no more; where a node will not run it, asking one by one gives the same.
"""

from collections.abc import Sequence
from typing import Final

#: Answers in one call. EIP-170 bounds a contract's code, as which they are returned, to 24,576 bytes.
BULK_MAX: Final = 700

_ARGUMENT_BYTES: Final = 4
_LOOP: Final = 11  # offset of the first JUMPDEST
_FAIL: Final = 94  # offset of the last one
_TABLE: Final = 98  # where the arguments begin


def make_program(target: str, selector: bytes, arguments: Sequence[int]) -> bytes:
    """Creation code that asks ``target`` for ``selector`` with each argument (uint32), and fails if one call does.

    It returns a word of zero, so that no answer is mistaken for code of a reserved form, then the answers in order.
    """
    count = len(arguments)
    assert 1 <= count <= BULK_MAX, count
    number = count.to_bytes(2).hex()
    program = (
        f"63{selector.hex()}60e01b5f52"  # memory[0:4] = selector
        "5f"  # i = 0
        "5b"  # the loop
        f"60048160040261{_TABLE:04x}01602039"  # memory[32:36], the end of the word at 4, = argument i
        f"60208160051b60800160245f73{target.removeprefix('0x')}5afa"  # memory[128 + 32 i:] = the answer
        f"3d602014161561{_FAIL:04x}57"  # all fails unless the call succeeded, with exactly one word
        f"6001018061{number}1161{_LOOP:04x}57"  # i += 1; once more while count > i
        f"61{number}60051b6020016060f3"  # from memory[96]: a word of zero, then the answers
        "5b5f5ffd"  # the failure
    )
    code = bytes.fromhex(program)
    return code + b"".join(argument.to_bytes(_ARGUMENT_BYTES) for argument in arguments)
