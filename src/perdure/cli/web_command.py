"""`perdure web`."""

from perdure.supervise import lifeline

# Before the heavy imports: from here on this process dies with its supervisor.
LINE = lifeline.attach("web")

import click  # noqa: E402

from perdure.bootstrap.logs import configure  # noqa: E402
from perdure.bootstrap.process import run  # noqa: E402
from perdure.bootstrap.serve import RefusedError, migrate, prepare  # noqa: E402
from perdure.bootstrap.web import run_web  # noqa: E402
from perdure.cli.options import with_settings  # noqa: E402
from perdure.config import Settings  # noqa: E402
from perdure.supervise import listening  # noqa: E402
from perdure.supervise.errors import SuperviseError  # noqa: E402


@click.command("web")
@with_settings()
def command(settings: Settings) -> None:
    """Run a web process alone, beside workers that are run alone (systemd, Kubernetes)."""
    configure(settings, LINE.name)
    try:
        listener = listening.inherited()
        if listener is None:
            listener = prepare(settings)
            migrate(settings)
    except (RefusedError, SuperviseError) as error:
        raise click.ClickException(str(error)) from error
    run(run_web(settings, LINE, listener))
