"""The package as people install it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter, in a folder of its own, prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=environment.pop("cwd", str(ROOT)),
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", ["agentkit", "agentkit.engine", "agentkit.errors", "agentkit.cli"])
def test_import_is_light(module: str) -> None:
    loaded = python(f"import {module}, sys; print(*({{'torch', 'transformers'}} & set(sys.modules)))")
    assert loaded.strip() == ""


def test_a_wheel_holds_all_and_answers_from_another_folder(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("agentkit-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "agentkit/py.typed",
        "agentkit/chat.py",
        "agentkit/tools/calculator.py",
        "agentkit/tools/facts/countries.tsv",
        "agentkit/graphs/agent.py",
        "agentkit/embedded/model.safetensors",
        "agentkit/embedded/chat_template.jinja",
    } <= names
    assert not any(name.startswith(("tests/", "examples/", "tools/", "graphs/")) for name in names)
    target = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import agentkit; print(agentkit.__file__)\n"
        "from agentkit.cli import main; sys.argv = ['agentkit', 'ask', 'What is 37593 * 67?', '--json']; main()"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where, *lines = python(code, cwd=str(elsewhere)).splitlines()
    assert where.startswith(str(target))
    assert "2518731" in lines[-1]
