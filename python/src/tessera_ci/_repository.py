"""The git repository: its files, the commit to compare with, and the files of that commit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Mapping, NamedTuple

from _tessera_shared import lfs

from ._settings import SettingError


class Change(NamedTuple):
    """A file that differs from the base: A(dded), M(odified), T(ype), R(enamed) or D(eleted)."""

    kind: str
    old: str
    new: str


class Base(NamedTuple):
    commit: str
    title: str


class Version(NamedTuple):
    """A file of the base, written to a temporary folder. Without a path, the reason for it."""

    path: Path | None
    size: int | None
    why: str = ""


def git(*arguments: str, text: bytes | None = None, out: Any = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    # In a container, the repository often belongs to another user, and git then refuses to read it.
    trusted = [] if "CI" not in os.environ else ["-c", f"safe.directory={os.getcwd()}"]
    try:
        return subprocess.run(["git", *trusted, *arguments], input=text or b"", stdout=out, stderr=subprocess.PIPE,
                              check=False)
    except FileNotFoundError:
        raise SettingError("expected the program git on the PATH, found none; install it in an earlier step") from None


def listing(output: bytes) -> list[str]:
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def reason(result: subprocess.CompletedProcess[bytes]) -> str:
    return (result.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {result.returncode}"])[-1]


def files() -> list[str]:
    """All files below this folder, tracked or not. The folder need not be a repository."""
    result = git("ls-files", "-z", "--cached", "--others")
    if result.returncode == 0:
        return sorted({name for name in listing(result.stdout) if os.path.lexists(name)})
    return sorted(os.path.relpath(os.path.join(folder, name)) for folder, _, names in os.walk(".") for name in names)


def tracked() -> list[str]:
    result = git("ls-files", "-z")
    if result.returncode:
        raise SettingError(f"expected a git repository in this folder ({reason(result)}); check it out in an earlier "
                           "step, or give files")
    return sorted({name for name in listing(result.stdout) if os.path.lexists(name)})


def pointer_of(path: str | Path) -> int | None:
    """The size of the file that a Git LFS pointer stands for; none for any other file."""
    try:
        with open(path, "rb") as file:
            return lfs.pointer(file.read(lfs.LIMIT))
    except OSError:
        return None


def base(given: str, environment: Mapping[str, str]) -> Base | None:
    """The commit to compare with, fetched if it is missing; none if the event has none."""
    commit, title = given, given
    if not given and environment.get("GITHUB_ACTIONS") == "true":
        commit, title = _of_github(environment)
    elif not given and environment.get("GITLAB_CI"):
        commit = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or environment.get("CI_COMMIT_BEFORE_SHA", "")
        title = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") or "the commit before"
    # The push of a new branch gives zeros.
    if not commit.strip("0"):
        return None
    known = _known(commit)
    if known is None:
        fetched = _fetch("--depth=1", commit)
        known = _known(commit)
        if known is None and given:
            raise SettingError(f"base: expected the commit {commit}, and git cannot fetch it ({reason(fetched)}); give "
                               "the checkout fetch-depth: 0, or give base a commit that the server has")
        if known is None:
            return _of_default_branch(commit, environment)
    if known == _known("HEAD") and environment.get("GITHUB_EVENT_NAME") == "pull_request_target":
        # This event checks out the base, so that no change would ever be found.
        raise SettingError("base: expected the commit of the pull request in the folder, found that of its base; use "
                           "the event pull_request")
    return Base(known, f"{title} ({known[:7]})")


def _fetch(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return git("fetch", "--quiet", "--no-tags", *arguments[:-1], "--end-of-options", "origin", arguments[-1])


def _of_default_branch(gone: str, environment: Mapping[str, str]) -> Base | None:
    """The merge base with the default branch, if the commit before is gone, as after a force push.

    None if HEAD is a commit of that branch: then nothing is known to be unchanged.
    """
    repository: dict[str, Any] = _event(environment).get("repository") or {}
    # HEAD of a server is its default branch.
    branch = repository.get("default_branch") or environment.get("CI_DEFAULT_BRANCH") or "HEAD"
    fetched = _fetch("--depth=1", branch)
    tip = _known("FETCH_HEAD") if fetched.returncode == 0 else None
    if tip is None:
        raise SettingError(f"base: expected the commit {gone[:7]} before the push, found that it is gone, as after a "
                           f"force push, and git cannot fetch the default branch ({reason(fetched)}); give base, such "
                           "as origin/main")
    common = git("merge-base", tip, "HEAD")
    if common.returncode and git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        # The history of both; no content of files.
        _fetch("--unshallow", "--filter=blob:none", branch)
        common = git("merge-base", tip, "HEAD")
    known = common.stdout.decode().strip()
    branch = branch if branch != "HEAD" else "the default branch"
    print(f"Tessera: the commit {gone[:7]} before the push is gone, as after a force push; ", end="")
    if common.returncode or known == _known("HEAD"):
        print(f"HEAD is a commit of {branch}, so all model files are checked" if known else
              f"HEAD has no commit in common with {branch}, so all model files are checked")
        return None
    print(f"compared with the merge base with {branch}")
    return Base(known, f"the merge base with {branch} ({known[:7]})")


def _known(commit: str) -> str | None:
    found = git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    return found.stdout.split()[-1].decode() if found.returncode == 0 else None


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


def _of_github(environment: Mapping[str, str]) -> tuple[str, str]:
    event = _event(environment)
    if "pull_request" in event:
        request, title = event["pull_request"], environment.get("GITHUB_BASE_REF") or "the base branch"
        # checkout gives the merge of the request into its base. The base's tip is then the first parent, which a
        # shallow clone still names.
        raw = git("cat-file", "commit", "HEAD").stdout.partition(b"\n\n")[0].decode("utf-8", "replace")
        parents = re.findall(r"^parent ([0-9a-f]+)$", raw, re.MULTILINE)
        if len(parents) == 2 and parents[1] == request["head"]["sha"]:
            return parents[0], title
        common = git("merge-base", request["base"]["sha"], "HEAD")
        return (common.stdout.decode().strip() if common.returncode == 0 else request["base"]["sha"]), title
    if "merge_group" in event:
        return event["merge_group"]["base_sha"], "the base branch"
    return event.get("before") or "", "the commit before"


def changes(since: Base) -> list[Change]:
    """The files that differ between the base and HEAD."""
    # Only exact renames: to find others, git reads all files whole.
    result = git("diff", "--name-status", "-z", "--find-renames=100%", "--relative", since.commit, "HEAD")
    if result.returncode:
        raise SettingError(f"base: git cannot compare with {since.commit}: {reason(result)}")
    words, found = listing(result.stdout), list[Change]()
    while words:
        kind, old = words.pop(0)[0], words.pop(0)
        found.append(Change(kind, old, words.pop(0) if kind in "RC" else old))
    return found


def version(since: Base, path: str, folder: Path) -> Version | None:
    """Writes a file of the base into a folder, under its own name; none if the base lacks the file."""
    name = f"{since.commit}:./{path}"
    if git("cat-file", "-e", name).returncode:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / os.path.basename(path)
    with open(target, "wb") as file:
        read = git("cat-file", "blob", name, out=file)
    if read.returncode:
        return Version(None, None, reason(read))
    size = pointer_of(target)
    if size is None:
        return Version(target, target.stat().st_size)
    content = target.read_bytes()
    with open(target, "wb") as file:
        smudged = git("lfs", "smudge", "--", path, text=content, out=file)
    if smudged.returncode or pointer_of(target) is not None:
        return Version(None, size, "not fetched from Git LFS")
    return Version(target, size)


def with_neighbours(since: Base, path: str, folder: Path) -> Version | None:
    """Like `version`. A model that names other files of its folder is written with all files of that folder."""
    if path.endswith((".onnx", ".index.json")) or os.path.basename(path) == ".metadata":
        parent = os.path.dirname(path)
        tree = git("ls-tree", "-z", "--name-only", f"{since.commit}:./{parent}" if parent else since.commit)
        for name in listing(tree.stdout):
            version(since, os.path.join(parent, name), folder)
    return version(since, path, folder)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tessera-ci-", dir=os.environ.get("RUNNER_TEMP"))
