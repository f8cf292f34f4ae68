"""What is compared: a programme, the files that hold the acts with their maps, and the file of the badges that were
awarded. Reads the comparison's own files alone; it opens no data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from loyaltychain.core import errors
from loyaltychain.core.model_checks import check_model
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.events.map import EventMap, load_map, packaged_map
from loyaltychain.events.map_parts import Column, Part, TimePart
from loyaltychain.program import load
from loyaltychain.program.types import Program

EXAMPLES = Path(load.__file__).parent / "examples"
FILE = "comparison.yaml"

FileName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\\]+$")]
MapFile = Annotated[str, Field(min_length=1, max_length=200)]


class BadgesPart(Part):
    """The file of the badges that were awarded: one row each. ``badge`` is the column of their names.

    ``without_day``: achievements whose day the data does not have, because they are read from totals.
    """

    file: FileName
    member: Column
    badge: Column
    time: TimePart
    without_day: list[str] = Field(default_factory=list)


class ComparisonFile(Part):
    """A comparison as it is written.

    Files of acts and badges lie in the folder that is compared; the programme and maps beside the comparison, or maps
    are packaged ones by their names.
    """

    program: MapFile
    acts: Annotated[dict[FileName, Annotated[list[MapFile], Field(min_length=1)]], Field(min_length=1)]
    badges: BadgesPart


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison with everything that it names, but for the data."""

    name: str
    program: Program
    acts: Mapping[str, tuple[EventMap, ...]]  # by file; each map makes events of its own source
    badges: BadgesPart

    @property
    def names(self) -> dict[str, str]:
        """A badge's name by the achievement's id, in the programme's order."""
        assert self.program.conduct is not None
        return {each.id: each.name for each in self.program.conduct.achievements}


def find_comparison(name: str) -> Comparison:
    """The comparison in a file, or a packaged one by its name. Raises InvalidMap, InvalidProgram."""
    file = Path(name)
    if file.is_file() or file.suffix in (".yaml", ".yml"):
        return load_comparison(file)
    names = sorted(path.parent.name for path in EXAMPLES.glob(f"*/{FILE}"))
    if name not in names:
        raise errors.InvalidMap("There is no such comparison.", name=name, there_are=names)
    return load_comparison(EXAMPLES / name / FILE)


def load_comparison(path: Path) -> Comparison:
    """The comparison in a file. Raises InvalidMap or InvalidProgram naming the file and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise errors.InvalidMap("The comparison cannot be read.", file=str(path), reason=reason) from problem
    content = parse_yaml(text, file=path.name, error=errors.InvalidMap)
    said = check_model(ComparisonFile, content, file=path.name, error=errors.InvalidMap, text=text)
    maps = {name: [(each, _find_map(path.parent, each)) for each in files] for name, files in said.acts.items()}
    for file, event_map in (pair for pairs in maps.values() for pair in pairs):
        _check_map(file, event_map)
    program = load.load_program(path.parent / said.program)
    found = Comparison(
        name=path.resolve().parent.name,
        program=program,
        acts={name: tuple(event_map for _, event_map in pairs) for name, pairs in maps.items()},
        badges=said.badges,
    )
    _check_program(found, file=said.program)
    return found


def _find_map(folder: Path, name: str) -> EventMap:
    return load_map(folder / name) if name.endswith((".yaml", ".yml")) else packaged_map(name)


def _check_map(file: str, event_map: EventMap) -> None:
    """Rows are to be the same events in any order and in any file."""
    if event_map.id.line or event_map.lines is not None:
        raise errors.InvalidMap(
            "In a comparison each row is an event with an id of its own: name the id's column, and fields instead of "
            "lines.",
            file=file,
        )


def _check_program(comparison: Comparison, *, file: str) -> None:
    conduct = comparison.program.conduct
    if conduct is None or not conduct.achievements:
        raise errors.InvalidProgram("The programme has no achievements to compare.", file=file)
    names = list(comparison.names.values())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise errors.InvalidProgram("Two achievements have one name: badges are told apart by it.", names=twice)
    unknown = sorted(set(comparison.badges.without_day) - comparison.names.keys())
    if unknown:
        raise errors.InvalidMap("badges.without_day: the programme has no such achievements.", ids=unknown)
