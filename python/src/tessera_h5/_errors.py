"""The exceptions of this package."""

from __future__ import annotations


class TesseraError(Exception):
    """An error of this package. Its text is one sentence."""


class CommandError(TesseraError):
    """The command `tessera` failed. The text is its own sentence; `returncode` is its exit code."""

    def __init__(self, sentence: str, returncode: int) -> None:
        super().__init__(sentence)
        self.returncode = returncode
