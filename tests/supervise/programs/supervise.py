"""A program that supervises, for the tests. Usage: supervise.py PLAN, a JSON file.

``{"control": path, "children": [ChildSpec members…], "policy": {…}, "listener": name or null, "site": path or null,
"pidfd": bool}``, where the child ``listener`` is handed the listening socket and, with a ``site``, has a stand-in. It
prints the listening port, if it has one, and exits as the supervisor says; refusals end it with status 2.
"""

import asyncio
import json
import logging
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from perdure.supervise import listening
from perdure.supervise.children import ChildSpec
from perdure.supervise.errors import SuperviseError
from perdure.supervise.policy import RestartPolicy
from perdure.supervise.stand_in import StandIn
from perdure.supervise.supervisor import Supervisor

KEPT: list[socket.socket] = []
"""Open for the life of this process."""


def without_pidfd(pid: int) -> int:
    raise OSError("no pidfd here")


def specs(plan: dict[str, Any]) -> tuple[list[ChildSpec], StandIn | None]:
    children = {members["name"]: ChildSpec(**members) for members in plan["children"]}
    if plan["listener"] is None:
        return list(children.values()), None
    listener = listening.bind("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    pass_fds, env = listening.hand_over(listener)
    KEPT.append(listener)
    web = children[plan["listener"]]
    children[web.name] = replace(web, pass_fds=pass_fds, env=env)
    stand_in = StandIn(web.name, listener, Path(plan["site"]), after_s=0.5) if plan["site"] else None
    return list(children.values()), stand_in


async def main(plan: dict[str, Any]) -> int:
    children, stand_in = specs(plan)
    policy = RestartPolicy(**plan["policy"])
    return await Supervisor(children, Path(plan["control"]), stand_in=stand_in, policy=policy).run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    told = json.loads(Path(sys.argv[1]).read_text())
    if not told["pidfd"]:
        os.pidfd_open = without_pidfd  # type: ignore[assignment]
    try:
        sys.exit(asyncio.run(main(told)))
    except SuperviseError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
