"""What does not fit together in a programme file whose every field is well formed."""

from collections.abc import Iterator, Mapping
from typing import Any

from loyaltychain.core.model_checks import Problem
from loyaltychain.program.checks_acts import act_problems
from loyaltychain.program.checks_chains import chain_problems
from loyaltychain.program.checks_earning import earning_problems
from loyaltychain.program.checks_law import law_problems
from loyaltychain.program.checks_names import Names
from loyaltychain.program.checks_standing import standing_problems
from loyaltychain.program.schema import ProgramFile


def problems_of(said: ProgramFile, content: Mapping[str, Any]) -> Iterator[Problem]:
    """All of them.

    Args:
        said: What is well formed of the file.
        content: The whole file; what it declares badly is declared all the same.
    """
    names = Names.of(content)
    yield from earning_problems(said, content)
    yield from act_problems(said, names)
    yield from standing_problems(said, names)
    yield from law_problems(said)
    if names.are_all_in(said):
        yield from chain_problems(said)
