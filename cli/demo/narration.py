"""Telling the story: one line an act, with the seconds since the beginning."""

from __future__ import annotations

import time

import click


class Narrator:
    """Writes to standard error, so that standard output stays for the result."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        click.secho(f"\n{title}", bold=True, err=True)

    def tell(self, sentence: str) -> None:
        """Something happened."""
        click.echo(f"{self.seconds:6.1f} s  {sentence}", err=True)


def short(text: str, most: int = 48) -> str:
    """A title that fits its line."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
