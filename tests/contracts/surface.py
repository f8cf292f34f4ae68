"""What the shipped contracts can be asked at all: their functions and the instructions that they run."""

from collections import Counter

from loyaltychain.chain import artifacts

SHIPPED = ("AccessManager", "BatchProofs", "MemberRegistry", "PointsLedger", "PointsProxy", "ProgramRegistry")
OURS = SHIPPED[1:]
CALLCODE, DELEGATECALL, SELFDESTRUCT, ORIGIN, TSTORE = 0xF2, 0xF4, 0xFF, 0x32, 0x5D
JUMPDEST = 0x5B
ENDS = {0x00, 0x56, 0xF3, 0xFD, 0xFE, SELFDESTRUCT}  # stop, jump, return, revert, invalid


def functions_of(name: str) -> list[dict]:
    """The function elements of a contract's ABI."""
    return [dict(element) for element in artifacts.load(name).abi if element["type"] == "function"]


def has_function(*parts: str, among: tuple[str, ...] = SHIPPED) -> set[str]:
    """Functions of the shipped contracts whose name contains one of these parts, in whatever case."""
    found = {f"{name}.{function['name']}" for name in among for function in functions_of(name)}
    return {each for each in found if any(part.lower() in each.partition(".")[2].lower() for part in parts)}


def instructions_of(name: str) -> Counter[int]:
    """How often each opcode stands in a contract's code. What is pushed, the metadata, and what stands between an
    instruction that ends and the next place that can be jumped to (the compiler's constants) are no instructions."""
    code = artifacts.load(name).runtime_code
    code = code[: len(code) - 2 - int.from_bytes(code[-2:])]
    found: Counter[int] = Counter()
    at, is_reached = 0, True
    while at < len(code):
        is_reached = is_reached or code[at] == JUMPDEST
        if is_reached:
            found[code[at]] += 1
            is_reached = code[at] not in ENDS
        at += 1 + (code[at] - 0x5F if is_reached and 0x60 <= code[at] <= 0x7F else 0)
    return found
