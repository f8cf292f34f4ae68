"""check_model, node_lines

given what a model takes
    it is the model
given what it does not take
    it raises the caller's error with all problems, each with its line and field, in the file's order
    an unknown word brings the nearest known one, or all that there are
    where a section is malformed, the checks of one's own still see the rest
given any YAML
    each key and entry has a line
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.model_checks import Misplaced, Problem, check_model
from loyaltychain.core.strict_yaml import line_of, node_lines, parse_yaml


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Wheel(Part):
    size: int = Field(ge=1)
    kind: Literal["front", "rear"] = "front"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.size == 13:
            raise Misplaced("size", says="no tyre fits")
        return self


class Bike(Part):
    name: str
    wheels: list[Wheel] = []
    lamps: dict[str, Wheel] | None = None
    frame: Wheel | None = Field(None, alias="body")


def check(text: str) -> Bike:
    content = parse_yaml(text, file="bike.yaml", error=errors.InvalidMap)
    return check_model(
        Bike,
        content,
        file="bike.yaml",
        error=errors.InvalidMap,
        text=text,
        also=unlucky,
        stand_ins={"name": "x"},
    )


def unlucky(bike: Bike, content: Mapping[str, Any]) -> Iterator[Problem]:
    assert set(content) >= bike.model_fields_set - {"frame", "name"}
    for name, lamp in (bike.lamps or {}).items():
        if lamp.size == 7:
            yield Problem(("lamps", name, "size"), "seven lamps are too many")
    if len(bike.wheels) > 2:
        yield Problem(("wheels", 2, "brake"), "it needs a brake (add it)")


def message(text: str) -> str:
    with pytest.raises(errors.InvalidMap) as caught:
        check(text)
    assert caught.value.context["file"] == "bike.yaml"
    return caught.value.message


def test_check_model__fits__the_model() -> None:
    assert check("name: a\nwheels: [{size: 2}]") == Bike(name="a", wheels=[Wheel(size=2)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wheels: []", "bike.yaml, line 1: name: Field required (add it)"),
        ("name: 3", "bike.yaml, line 1: name: Input should be a valid string, found 3 (write it in quotes)"),
        ("name: a\nwheel: []", "bike.yaml, line 2: wheel: there is no such field (did you mean 'wheels'?)"),
        ("name: a\nxyz: 1", "line 2: xyz: there is no such field (remove it or correct its spelling; there are: na"),
        (
            "name: a\nwheels:\n  - size: 1\n  - {size: 2, kind: raer}",
            "bike.yaml, line 4: wheels[1].kind: Input should be 'front' or 'rear', found 'raer' (did you mean 'rear'?)",
        ),
        ("name: a\nlamps:\n  a:\n    sise: 1\n    size: 2", "there is no such field (did you mean 'size'?)"),
        ("name: a\nlamps:\n  a: {size: 13}", "bike.yaml, line 3: lamps.a.size: no tyre fits"),
        (
            "name: a\nbody: 5",
            "body: this is a section: write its fields under it, each with a name and a colon, found 5",
        ),
        ("name: a\nlamps: 5", "lamps: this is a section: write its entries under it, each with a name and a colon"),
        ("name: a\nwheels: 5", "wheels: this is a list: write [a, b], or each entry under it after a dash, found 5"),
        ("name: a\nlamps: {a: {size: 7}}", "bike.yaml, line 2: lamps.a.size: seven lamps are too many"),
        (
            "name: a\nwheels:\n- size: 1\n- size: 1\n- size: 1",
            "bike.yaml, line 5: wheels[2].brake: it needs a brake (add it)",
        ),
        ("- a", "bike.yaml, line 1: the file: this is a section"),
        ("name: ['x']", "bike.yaml, line 1: name: Input should be a valid string (write it in quotes)"),
    ],
)
def test_check_model__wrong__line_field_and_what_to_do(text: str, said: str) -> None:
    assert said in message(text)


def test_check_model__several__all_in_the_files_order() -> None:
    text = "lamps:\n  b: {size: 7}\n  a: {size: x}\nwheels:\n  - {size: 0}\nnam: 1\nname: 3\n"

    assert message(text).splitlines() == [
        "bike.yaml: 5 problems:",
        "  line 2: lamps.b.size: seven lamps are too many",
        "  line 3: lamps.a.size: Input should be a valid integer, found 'x' (write a whole number without quotes)",
        "  line 5: wheels[0].size: Input should be greater than or equal to 1, found 0",
        "  line 6: nam: there is no such field (did you mean 'name'?)",
        "  line 7: name: Input should be a valid string, found 3 (write it in quotes)",
    ]


def test_check_model__no_text__no_lines() -> None:
    with pytest.raises(errors.InvalidMap) as caught:
        check_model(Bike, {"name": 1}, file="bike", error=errors.InvalidMap)

    assert caught.value.message == "bike: name: Input should be a valid string, found 1 (write it in quotes)"
    assert "line" not in caught.value.context


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("ab: #-", max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(content=plain, flow=st.booleans())
def test_node_lines__any_content__each_key_and_entry_has_its_own(content: object, flow: bool) -> None:
    text = yaml.safe_dump(content, default_flow_style=flow, sort_keys=False)
    lines = node_lines(text)

    assert set(lines) == {(), *paths(content)}
    for path, line in lines.items():
        assert 1 <= line <= len(text.splitlines())
        assert line_of((*path, "more", 3), lines) in (line, lines.get((*path, "more"), line))
        if path and isinstance(path[-1], str) and not flow:
            assert path[-1] in text.splitlines()[line - 1]


def paths(content: object) -> Iterator[tuple[Any, ...]]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for part, value in pairs:
        yield (part,)
        yield from ((part, *rest) for rest in paths(value))
