"""Ask for one path on so many kept connections for so many seconds, from a process of its own; prints answers a second.

python -m bench.hammer PORT PATH CONNECTIONS SECONDS
"""

from __future__ import annotations

import asyncio
import sys
import time

from bench.wire import Connection, WireError, run


async def main() -> None:
    """Ask, count and print."""
    port, path, connections, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    until = time.monotonic() + seconds

    async def ask_on() -> int:
        connection = await Connection.open(port)
        request = connection.request("GET", path)
        answers = 0
        while time.monotonic() < until:
            answer = await connection.send(request)
            if answer.status != 200:
                raise WireError(f"{path} answers {answer.status}")
            answers += 1
        connection.close()
        return answers

    print(sum(await asyncio.gather(*(ask_on() for _ in range(connections)))) / seconds)


if __name__ == "__main__":
    run(main)
