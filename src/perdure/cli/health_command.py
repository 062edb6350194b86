"""`perdure health`."""

from perdure.supervise import lifeline

# Before the heavy imports: from here on this process dies with its supervisor.
LINE = lifeline.attach("health")

import os  # noqa: E402

import click  # noqa: E402

from perdure.bootstrap.health import run_health  # noqa: E402
from perdure.bootstrap.logs import configure  # noqa: E402
from perdure.bootstrap.process import run  # noqa: E402
from perdure.bootstrap.serve import RefusedError, make_data_dir  # noqa: E402
from perdure.cli.options import with_settings  # noqa: E402
from perdure.config import WEB_URL_VARIABLE, Settings  # noqa: E402


@click.command("health")
@with_settings()
def command(settings: Settings) -> None:
    """Watch over an installation whose processes are run alone (systemd, Kubernetes)."""
    configure(settings, LINE.name)
    if not LINE.supervised:
        try:
            make_data_dir(settings)
        except RefusedError as error:
            raise click.ClickException(str(error)) from error
    web_url = os.environ.get(WEB_URL_VARIABLE) or f"http://{settings.host}:{settings.port}"
    run(run_health(settings, LINE, web_url))
