"""``rotate-settler``: another key settles from now on; also the drill for the day on which that is urgent."""

from typing import Annotated

import typer

from loyaltychain.cli.mainnet import signing
from loyaltychain.cli.options import HERE, AsJson, Home, alone, project_at, speaking
from loyaltychain.cli.output import print_json, stdout
from loyaltychain.core.times import format_instant
from loyaltychain.rotation import Step, rotate
from loyaltychain.wiring import open_world


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("rotate-settler")(signing(rotate_settler))


def rotate_settler(
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for CONFIG's delay, instead of ending with exit code 3.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Exchange the settler's key for keys/next-settler.key (or .json), and show that the old one is refused.

    Schedules it, waits until what the old key signed is final, switches, settles with the new key, reads everything
    back. Stop it anywhere; the same command goes on. A worker stands aside; start it anew afterwards.
    """
    with speaking(as_json):
        world, steps = open_world(project_at(home)), list[Step]()

        def told(step: Step) -> None:
            steps.append(step)
            if not as_json:
                _print(step)

        rotate(world, alone=alone, on_step=told, is_patient=wait)
        if as_json:
            print_json({"steps": [{"step": step.name, "text": step.text, **step.facts} for step in steps]})


def _print(step: Step) -> None:
    stdout.print(f"[bold]{step.name}[/]  {step.text}", highlight=False, soft_wrap=True)
    for name, value in step.facts.items():
        shown = format_instant(value) if name == "due" else value
        if shown not in (None, 0):
            stdout.print(f"  {name.replace('_', ' ')}: {shown}", markup=False, highlight=False, soft_wrap=True)
