"""``drill``: a false batch from its settlement to its void, step by step, with what it cost whom."""

from typing import Any

import typer

from loyaltychain.cli.options import AsJson, speaking
from loyaltychain.cli.output import EXIT_FOUND, escape, print_json, stdout
from loyaltychain.demo.drill import Step, run_drill


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("drill")(drill)


def drill(as_json: AsJson = False) -> None:
    """A stolen settler's key, a false batch, and how a stranger has it voided: simulated, on a chain in memory."""
    with speaking(as_json):
        if not as_json:
            stdout.print("loyaltychain drill: a SIMULATED shop and a SIMULATED theft, on a chain in memory\n")
        done = run_drill((lambda *_: None) if as_json else _say)
    if as_json:
        print_json(done.document())
    else:
        verdict = "as it should be" if done.is_clean else "[bold red]NOT AS IT SHOULD BE[/]"
        stdout.print(f"The drill ended {verdict}, after {done.seconds} s. docs/FRAUD.md walks the same steps in words.",
                     highlight=False, soft_wrap=True)  # fmt: skip
    if not done.is_clean:
        raise typer.Exit(EXIT_FOUND)


def _say(number: int, step: Step) -> None:
    stdout.print(f"[bold]{number}. {escape(step.title)}[/]", highlight=False, soft_wrap=True)
    for name, value in step.facts.items():
        for line in _lines(value):
            stdout.print(f"   {name.replace('_', ' ')}: {escape(line)}", highlight=False, soft_wrap=True)
    for paid in step.paid:
        stdout.print(f"   [yellow]{paid.gas:,} gas[/] for {paid.what}, paid by {paid.payer}", highlight=False,
                     soft_wrap=True)  # fmt: skip
    stdout.print()


def _lines(value: Any) -> list[str]:
    """A fact as text, one line for each of several objects."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [", ".join(f"{name} {_word(each)}" for name, each in one.items()) for one in value]
    if isinstance(value, list):
        return [" to ".join(map(str, value))] if value and isinstance(value[0], int) else [str(each) for each in value]
    return [_word(value)]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
