"""The hooks, run by pre-commit itself: `git commit` in a repository, with the hooks of a copy of this one."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from ci_support import BAD, GOOD, GROWN, POINTER, Repository, environment
from conftest import ROOT

from tessera_ci import _files, _install

pytest.importorskip("pre_commit")

CONFIGURATION = """
repos:
  - repo: {hooks}
    rev: {commit}
    hooks:
      - id: tessera-validate
        args: [{validate}]
      - id: tessera-count
        args: [--max, 1k]
"""


class Hooked(Repository):
    """A repository in which `git commit` runs the hooks."""

    def __init__(self, path: Path, hooks: Path, more: dict[str, str]) -> None:
        super().__init__(path)
        self.hooks, self.environment = hooks, environment(**more)
        self.configure()
        self.pre_commit("install", "--install-hooks")

    def configure(self, validate: str = "") -> None:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.hooks, capture_output=True, text=True,
                                check=True).stdout.strip()
        text = CONFIGURATION.format(hooks=self.hooks, commit=commit, validate=validate)
        (self.path / ".pre-commit-config.yaml").write_text(text)
        self.git("add", ".pre-commit-config.yaml")

    def pre_commit(self, *arguments: str) -> None:
        result = subprocess.run([sys.executable, "-m", "pre_commit", *arguments], cwd=self.path, env=self.environment,
                                capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr

    def attempt(self, files: dict[str, bytes]) -> tuple[int, str, float]:
        """Writes and commits files; the exit code, the output and the seconds of `git commit`."""
        for name, content in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes(content)
        self.git("add", "--all")
        return self.commit_staged()

    def commit_staged(self) -> tuple[int, str, float]:
        start = time.monotonic()
        result = subprocess.run(["git", "commit", "--quiet", "-m", "change"], cwd=self.path, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return result.returncode, result.stdout, time.monotonic() - start

    def reset(self) -> None:
        self.git("reset", "--quiet", "--hard")
        self.git("clean", "--quiet", "-fd")


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Hooked:
    folder = tmp_path_factory.mktemp("hooks")
    source = Repository(folder / "tessera")
    source.commit({name: (ROOT / name).read_bytes() for name in (".pre-commit-hooks.yaml", "pyproject.toml")})
    repository = Hooked(folder / "models", source.path, {
        "PRE_COMMIT_HOME": str(folder / "cache"), "HOME": str(folder), "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels), "VIRTUALENV_NO_PERIODIC_UPDATE": "1"})
    assert repository.commit_staged()[0] == 0
    return repository


def test_each_bad_file_stops_a_commit(hooked: Hooked, capsys: pytest.CaptureFixture[str]) -> None:
    ran, seconds = 0, dict[str, float]()
    for name, (content, _, words) in BAD.items():
        code, text, seconds[name] = hooked.attempt({f"some models/{name}.safetensors": content})
        assert code == 1 and words in text and f"error: some models/{name}.safetensors: " in text, text
        assert hooked.git("status", "--porcelain"), "nothing is committed"
        hooked.reset()
        ran += 1
    # pre-commit gives it behind the options.
    option = "--validate-options=--rule=tiles=off.safetensors"
    code, text, _ = hooked.attempt({option: BAD["truncated"][0]})
    assert code == 1 and f"error: {option}: " in text, text
    hooked.reset()
    code, text, seconds["good"] = hooked.attempt({"good.safetensors": GOOD, "-dash.safetensors": GOOD,
                                                  "$(touch made).safetensors": GOOD, "notes.txt": b"1"})
    assert code == 0 and text.count("Passed") == 2, text
    assert not (hooked.path / "made").exists() and hooked.git("status", "--porcelain") == ""
    assert ran == 5
    with capsys.disabled():
        print("\nseconds of git commit:", ", ".join(f"{name} {one:.2f}" for name, one in seconds.items()))


def test_the_staged_content_is_checked(hooked: Hooked) -> None:
    path = hooked.path / "staged.safetensors"
    path.write_bytes(BAD["truncated"][0])
    hooked.git("add", "staged.safetensors")
    path.write_bytes(GOOD)
    code, text, _ = hooked.commit_staged()
    assert code == 1 and "error: staged.safetensors" in text
    hooked.git("add", "staged.safetensors")
    path.write_bytes(b"broken after git add")
    assert hooked.commit_staged()[0] == 0
    assert path.read_bytes() == b"broken after git add"
    hooked.reset()


def test_options_reach_the_hook(hooked: Hooked) -> None:
    for options, name, content, words in (
            ("--forbid-nan=false", "nan.safetensors", BAD["nan"][0], None),
            ("--lfs=skip", "p.safetensors", POINTER, None),
            ("--size-limit=5kB", "g.safetensors", GROWN, "expected at most 1,000 parameters"),
            ("--deep=perhaps", "d.safetensors", GOOD, "deep: expected true or false, found 'perhaps'"),
            ("--validate-options=--strict, --validate-options=--nothing", "o.safetensors", GOOD, "--nothing")):
        hooked.configure(options)
        code, text, _ = hooked.attempt({name: content})
        if name == "p.safetensors":
            # The other hook still fails.
            assert re.search(r"tessera validate\.+Passed", text), text
        else:
            assert (code == 0) == (words is None) and (words or "") in text, text
        hooked.reset()


def test_the_manifest_is_in_step() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["tessera-validate", "tessera-count"]
    assert {hook["files"] for hook in hooks} == {_files.NAMES}
    root = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{_install.version()}"' in root and f'"tessera-h5=={_install.version()}"' in root
    pages = [ROOT / "ci/gitlab.yml", ROOT / "docs/guides/gate-in-ci.md", ROOT / "README.md",
             *(ROOT / "samples/ci").iterdir()]
    found = {version for page in pages for version in re.findall(
        r"(?:tessera[@/]v?|rev: v|TESSERA_VERSION: )(\d+\.\d+\.\d+)", page.read_text(encoding="utf-8"))}
    assert found == {_install.version()}
    for name in ("a.safetensors", "a/b.H5", "pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "x.ckpt", "x.npz",
                 "model.safetensors.index.json", "m.dduf", "m.gguf", "__0_0.distcp", "m.onnx", "m.pth", "m.pt",
                 "flax_model.msgpack", "variables/variables.data-00000-of-00001"):
        assert _files.is_model(name), name
    for name in ("firmware.bin", "models/firmware.bin", "a.safetensors.txt", "config.json", "x.npy", "npz",
                 "faiss.index", "x.data-0-of-1"):
        assert not _files.is_model(name), name
