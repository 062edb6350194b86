"""`perdure worker`."""

from perdure.supervise import lifeline

# Before the heavy imports: from here on this process dies with its supervisor.
LINE = lifeline.attach("worker")

import click  # noqa: E402

from perdure.bootstrap.logs import configure  # noqa: E402
from perdure.bootstrap.process import run  # noqa: E402
from perdure.bootstrap.serve import RefusedError, make_data_dir, migrate  # noqa: E402
from perdure.bootstrap.worker import run_worker  # noqa: E402
from perdure.cli.options import with_settings  # noqa: E402
from perdure.config import Settings  # noqa: E402


@click.command("worker")
@with_settings()
def command(settings: Settings) -> None:
    """Run a worker alone, beside a web process that is run alone (systemd, Kubernetes)."""
    configure(settings, LINE.name)
    if not LINE.supervised:
        try:
            make_data_dir(settings)
            migrate(settings)
        except RefusedError as error:
            raise click.ClickException(str(error)) from error
    run(run_worker(settings, LINE))
