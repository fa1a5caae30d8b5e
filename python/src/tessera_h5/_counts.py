"""Parameter counts, as `tessera count` gives them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ._command import argument, run_json
from ._errors import nearest


@dataclass(frozen=True)
class CountRow:
    """The exact counts of one sub-network, or of all that is stored. `parameters` is the sum of the four kinds."""

    task: str | None
    """None in the row of everything stored."""
    level: int | None
    level_name: str | None
    units: tuple[int, ...]
    """In the order in which the task adds them."""
    parameters: int
    intra: int
    interconnection: int
    common: int
    private: int
    excluded: int
    """Elements that the policy leaves out."""
    bytes: int
    density: float | None
    """`parameters` divided by those of everything stored."""


@dataclass(frozen=True)
class Counts:
    """The counts of every sub-network under one counting policy."""

    policy: str
    version: int
    digest: str
    """The policy's SHA-256, in hexadecimal."""
    title: str | None
    rows: tuple[CountRow, ...]
    """One row for each sub-network, by task and then by level."""
    stored: CountRow
    """Everything that the file stores."""

    def row(self, task: str, level: int) -> CountRow:
        """The counts of one sub-network. Raises `NotInFile` (a KeyError) if there is none."""
        for row in self.rows:
            if row.task == task and row.level == level:
                return row
        raise nearest("row of", f"{task}:{level}", [f"{row.task}:{row.level}" for row in self.rows], self.policy)


def count(path: str, policy: str | os.PathLike[str]) -> Counts:
    """Runs `tessera count` under one policy."""
    found = run_json(["count", argument(path), "--policy", argument(policy)])["policies"][0]
    rows = [CountRow(
        row["task"], row["level"], row.get("level_name"), tuple(row["units"]), row["parameters"], row["intra"],
        row["interconnection"], row["common"], row["private"], row["excluded"], row["bytes"], row.get("density"),
    ) for row in found["rows"]]
    # The last row is everything stored.
    return Counts(found["id"], found["version"], found["digest"], found.get("title"), tuple(rows[:-1]), rows[-1])
