"""What operations may move, as the project's files say it. Asks no chain; the worker does."""

from dataclasses import replace

from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.operations.types import Bounds


def read_bounds(project: Project) -> Bounds:
    """The bounds by the caps in the manifest; before a deployment, by those that its contracts will be given.

    Raises InvalidSettings: the manifest cannot be used.
    """
    settings = project.settings
    return replace(
        _read_caps(project),
        approve_above=settings.approvals.adjust_above,
        approve_a_day=settings.approvals.a_day,
        approve_seconds=settings.approvals.days * 86_400,
        cooldown=settings.safety.cooldown_hours * 3_600,
    )


def _read_caps(project: Project) -> Bounds:
    try:
        caps = read_manifest(project.manifest_file)["caps"]
    except errors.NotDeployed:
        mine = project.settings.caps
        return Bounds(
            award=min(mine.issue_per_batch, mine.issue_per_period),
            redemption=min(mine.burn_per_batch, mine.burn_per_period),
        )
    return Bounds(
        award=min(caps["issuePerBatch"], caps["issuePerPeriod"]),
        redemption=min(caps["burnPerBatch"], caps["burnPerPeriod"]),
    )
