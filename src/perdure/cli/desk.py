"""What commands ask of the health process of a running server, in the name of whoever runs them."""

from __future__ import annotations

import getpass
import json

import click

from perdure.config import Settings
from perdure.core.report import StatusReport
from perdure.health.publish import REPORT
from perdure.supervise import control
from perdure.supervise.errors import ControlError


def ask_report(settings: Settings) -> StatusReport:
    """What it tells now. Raises ControlError."""
    answer = control.ask(settings.paths.desk, "report none", timeout_s=5.0)
    assert isinstance(answer, dict)
    return REPORT.validate_python(answer["report"])


def act(settings: Settings, kind: str, **members: object) -> str:
    """Have it do something; returns the id of what was touched. Raises ClickException with its reason."""
    asked = json.dumps({"kind": kind, "by": getpass.getuser(), **members})
    try:
        done = control.ask(settings.paths.desk, f"act {asked}", timeout_s=5.0)
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    assert isinstance(done, dict)
    return str(done["id"])
