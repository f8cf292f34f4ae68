"""read_layouts, check_layout: on layouts that the pinned compiler printed
├── the shipped contracts: own variables, OpenZeppelin's namespaces, places that assembly alone knows
├── given code that only adds: nothing is found
├── given code that moves, drops, retypes or repurposes anything: the variable is named, with both its lines
├── given a rename: a warning
└── any layout against itself: nothing; any two variables swapped: found
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.chain import artifacts
from loyaltychain.deploy.compile import SHIPPED
from loyaltychain.deploy.layout import Layout, check_layout, layout_lines
from loyaltychain.deploy.layout_read import erc7201, read_layouts
from loyaltychain.deploy.plan import PROXIED
from tests.upgrades.compiling import layouts_of, solc_or_skip

NAMESPACE = 'layout at erc7201("shop.main")'
TYPES = """
struct Pair { uint64 a; uint64 b; }
struct Longer { uint64 a; uint64 b; uint256 c; }
struct Swapped { uint64 b; uint64 a; }
enum Mode { Push, Root }
enum More { Push, Root, Third }
enum Turned { Root, Push }
enum Named { Push, Trunk }
interface IThing {}
type Points is uint64;
library Words { uint256 internal constant PLACE = 0x1100;
  function put(uint256 v) internal { assembly ("memory-safe") { sstore(add(PLACE, 1), v) } } }
abstract contract Kept { /// @custom:storage-location erc7201:shop.kept
  struct KeptStorage { uint256 x; address y; } }
abstract contract KeptLonger { /// @custom:storage-location erc7201:shop.kept
  struct KeptStorage { uint256 x; address y; uint256 z; } }
abstract contract KeptTurned { /// @custom:storage-location erc7201:shop.kept
  struct KeptStorage { address y; uint256 x; } }
"""


ADDED = [
    ("uint256 a; address b;", "uint256 a; address b; uint256 c;"),
    ("uint256 a; address b;", "uint256 a; address b; bool packedBehind;"),
    ("uint256 a; Pair p;", "uint256 a; Longer p;"),
    ("Mode m;", "More m;"),
    ("IThing t;", "address t;"),
    ("Points p;", "uint64 p;"),
    ("uint256 a; uint256[10] __gap; uint256 z;", "uint256 a; uint256 b; uint256[9] __gap; uint256 z;"),
    ("mapping(uint32 => Pair) m;", "mapping(uint32 => Pair) m; mapping(uint32 => Longer) n;"),
]

CHANGED = [
        ("uint256 a; uint256 b;", "uint256 b; uint256 a;", [("reordered", "a"), ("reordered", "b")]),
        ("uint256 a; uint256 b;", "uint256 a; uint256 x; uint256 b;", [("inserted", "b")]),
        ("uint256 a; uint256 b;", "uint256 a;", [("removed", "b")]),
        ("uint256 a; uint256 b; uint256 c;", "uint256 b; uint256 c;",
         [("removed", "a"), ("inserted", "b"), ("inserted", "c")]),
        ("uint256 a;", "int256 a;", [("retyped", "a")]),
        ("uint64 a; uint64 b;", "uint32 a; uint64 b;", [("retyped", "a"), ("inserted", "b")]),
        ("uint256 a;", "bytes32 other;", [("removed", "a")]),
        ("uint256 a;", "uint256 other;", [("renamed", "a")]),
        ("Pair p;", "Swapped p;", [("reordered", "p.a"), ("reordered", "p.b")]),
        ("Pair p; uint256 z;", "Longer p; uint256 z;", [("inserted", "z")]),
        ("mapping(uint32 => Pair) m;", "mapping(uint32 => Longer) m;", [("retyped", "m")]),
        ("mapping(uint32 => Pair) m;", "mapping(uint32 => Swapped) m;", [("retyped", "m")]),
        ("mapping(uint32 => Pair) m;", "mapping(uint64 => Pair) m;", [("retyped", "m")]),
        ("mapping(uint32 => mapping(address => Pair)) m;", "mapping(uint32 => mapping(address => Longer)) m;",
         [("retyped", "m")]),
        ("Pair[] l;", "Longer[] l;", [("retyped", "l")]),
        ("Pair[4] l;", "Pair[5] l;", [("retyped", "l")]),
        ("Mode m;", "Turned m;", [("reordered", "m")]),
        ("More m;", "Mode m;", [("reordered", "m")]),
        ("Mode m;", "Named m;", [("renamed", "m")]),
        ("uint256 a; uint256[10] __gap; uint256 z;", "uint256 a; uint256 b; uint256[8] __gap; uint256 z;",
         [("gap-misused", "__gap"), ("inserted", "z")]),
        ("uint256 a; uint256[10] __gap; uint256 z;", "uint256 a; uint256 b; uint256[10] __gap; uint256 z;",
         [("gap-misused", "__gap"), ("inserted", "z")]),
]  # fmt: skip

BASES = ("Kept", "KeptLonger", "KeptTurned")
BODIES = list(dict.fromkeys(body for before, after, *_ in (*ADDED, *CHANGED) for body in (before, after)))
OTHERS = f"""
contract One {NAMESPACE} {{ uint64 x; uint64 y; }}
contract Pushed {NAMESPACE} {{ uint64 z; uint64 x; uint64 y; }}
contract Elsewhere layout at erc7201("shop.other") {{ uint64 x; uint64 y; }}
contract Numbered layout at 0x1234 {{ uint64 x; uint64 y; }}
contract Plain {{ uint64 x; uint64 y; }}
/// @custom:storage-location erc7201:shop.main
contract Low layout at 0x10 {{ uint256 a; }}
/// @custom:storage-location erc7201:shop.main
contract High layout at 0x20 {{ uint256 a; }}
contract Placed {NAMESPACE} {{ uint256 a; function f() external {{ Words.put(1); }} }}
"""


def layouts() -> dict[str, Layout]:
    """Every layout of this file, of one compilation: the contract of body n is ``B<n>``, that of base n ``K<n>``."""
    bodies = {f"B{number}": f"{NAMESPACE} {{ {body} }}" for number, body in enumerate(BODIES)}
    based = {f"K{number}": f"{NAMESPACE} is {base} {{ uint256 a; }}" for number, base in enumerate(BASES)}
    text = "\n".join(f"contract {name} {rest}" for name, rest in (bodies | based).items())
    others = ("One", "Pushed", "Elsewhere", "Numbered", "Plain", "Low", "High", "Placed")
    return layouts_of(TYPES + OTHERS + text, (*bodies, *based, *others))


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """Code and subject of what is found between two bodies of one contract."""
    old, new = (layouts()[f"B{BODIES.index(body)}"] for body in (before, after))
    return [(each.code, each.subject) for each in check_layout(old, new)]


@pytest.mark.parametrize(("before", "after"), ADDED)
def test_check_layout__only_added__is_fine(before: str, after: str) -> None:
    assert differences(before, after) == []


@pytest.mark.parametrize(("before", "after", "found"), CHANGED)
def test_check_layout__anything_else__names_the_variable(before: str, after: str, found: list[tuple[str, str]]) -> None:
    expected = [(code, f"erc7201:shop.main.{subject}") for code, subject in found]
    assert differences(before, after) == expected


def test_check_layout__a_moved_variable__shows_both_its_lines() -> None:
    text = (
        f"contract A {NAMESPACE} {{ uint64 x; uint64 y; }} contract B {NAMESPACE} {{ uint64 z; uint64 x; uint64 y; }}"
    )
    layouts = layouts_of(text, ("A", "B"))

    found = check_layout(layouts["A"], layouts["B"])

    assert [(each.before, each.after) for each in found] == [
        ("0:0 uint64 x", "0:8 uint64 x"), ("0:8 uint64 y", "0:16 uint64 y")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("Kept", []),
        ("KeptLonger", []),
        ("KeptTurned", [("reordered", "erc7201:shop.kept.x"), ("reordered", "erc7201:shop.kept.y")]),
    ],
)
def test_check_layout__structs_in_namespaces_of_their_own__are_compared(
    base: str, found: list[tuple[str, str]]
) -> None:
    both = layouts()["K0"], layouts()[f"K{BASES.index(base)}"]
    assert [(each.code, each.subject) for each in check_layout(*both)] == found
    assert [each.code for each in check_layout(both[1], layouts()["Plain"])] == ["namespace-gone"] * 2


@pytest.mark.parametrize("name", ["Elsewhere", "Numbered", "Plain"])
def test_check_layout__another_namespace__is_refused(name: str) -> None:
    (found,) = check_layout(layouts()["One"], layouts()[name])

    assert (found.code, found.subject) == ("namespace-gone", "erc7201:shop.main")
    assert found.after, "where the variables have gone is said"


def test_check_layout__annotated_alike_and_based_elsewhere__is_refused() -> None:
    assert [each.code for each in check_layout(layouts()["Low"], layouts()["High"])] == ["base-moved"]


def test_check_layout__a_place_that_only_assembly_knows__is_watched() -> None:
    body = f"contract Placed {NAMESPACE} {{ uint256 a; function f() external {{ Words.put(1); }} }}"
    after = layouts_of(TYPES.replace("0x1100", "0x2200") + body, ("Placed",))["Placed"]

    (found,) = check_layout(layouts()["Placed"], after)

    assert (found.code, found.subject) == ("place-moved", "Words.PLACE")
    assert (found.before[-4:], found.after[-4:]) == ("1100", "2200")


def test_shipped_layouts__are_what_the_sources_have() -> None:
    layouts = read_layouts(
        artifacts.read_document("input.json"), solc_or_skip(), {name: SHIPPED[name] for name in PROXIED}
    )

    ledger = layouts["PointsLedger"]
    assert list(ledger["namespaces"]) == [
        "erc7201:loyaltychain.storage.PointsLedger",
        "erc7201:openzeppelin.storage.AccessManaged",
        "erc7201:openzeppelin.storage.Initializable",
    ]
    assert int(ledger["places"]["RecordsCodec.WORDS"], 16) == erc7201("loyaltychain.storage.PointsLedger.words")
    manager = ledger["namespaces"]["erc7201:openzeppelin.storage.AccessManaged"]
    # The library says where its namespace is; so does the formula.
    assert manager["base"] == ledger["places"]["AccessManagedUpgradeable.AccessManagedStorageLocation"]
    assert [member["label"] for member in manager["members"]] == ["_authority", "_consumingSchedule"]
    assert "  1:0 struct {address settler; bool paused; enum {Push, Root} mode; uint64 supplyCap; bool transferLogs} _config" in layout_lines(ledger)  # fmt: skip # noqa: E501


@st.composite
def variables(draw: st.DrawFn) -> list[dict[str, object]]:
    """Members of a namespace, one a slot, of plain types."""
    kinds = draw(st.lists(st.sampled_from(["uint256", "bytes32", "int256"]), min_size=2, max_size=6))
    return [
        {"label": f"v{n}", "slot": n, "offset": 0, "type": {"kind": "value", "name": kind, "bytes": 32}}
        for n, kind in enumerate(kinds)
    ]


def layout(members: list[dict[str, object]]) -> dict[str, object]:
    return {"namespaces": {"erc7201:x": {"base": "0x00", "members": members}}, "places": {}}


@given(variables(), st.data())
@settings(max_examples=200, deadline=None)
def test_check_layout__two_variables_swapped__is_always_found(
    members: list[dict[str, object]], data: st.DataObject
) -> None:
    one, other = sorted(data.draw(st.lists(st.sampled_from(range(len(members))), min_size=2, max_size=2, unique=True)))
    swapped = json.loads(json.dumps(members))
    swapped[one]["slot"], swapped[other]["slot"] = other, one
    swapped.sort(key=lambda member: member["slot"])

    assert check_layout(layout(members), layout(members)) == []
    found = check_layout(layout(members), layout(swapped))
    assert {each.subject for each in found if not each.is_warning} >= {f"erc7201:x.v{one}", f"erc7201:x.v{other}"}
