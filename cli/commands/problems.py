"""Print every problem that a request can meet, in one of the languages: what docs/problems/ holds."""

from __future__ import annotations

from itertools import groupby

import click

from api.texts import LANGUAGES

TITLE = "Problems"
ABOUT = "Every refusal is a problem document (RFC 9457) whose `code` is one of these. Codes never change."
HEADINGS = ("code", "status", "what it means", "way out")
TRANSIENT = "(wait a moment and send it again)"
SENTENCES = (TITLE, ABOUT, *HEADINGS, TRANSIENT)
"""What this page says besides the problems: msgids of the catalogue."""


def page(language: str) -> str:
    """The page of a language, as Markdown."""
    from api.app import openapi_document
    from api.texts import texts_in
    from domain.problems import PROBLEMS

    assert openapi_document()  # every module that declares a problem is loaded
    texts = texts_in(language)
    lines = [f"# {texts(TITLE)}", "", texts(ABOUT)]
    ordered = sorted(PROBLEMS.values(), key=lambda problem: problem.code)
    for area, problems in groupby(ordered, key=lambda problem: problem.code.partition(".")[0]):
        lines += ["", f"## {area}", "", _row(*(texts(heading) for heading in HEADINGS)), "|---|--:|---|---|"]
        for problem in problems:
            again = f" {texts(TRANSIENT)}" if problem.transient else ""
            sentence, hint = texts(problem.sentence) + again, texts(problem.hint)
            lines.append(_row(f"`{problem.code}`", str(problem.status), sentence, hint))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


@click.command()
@click.option("--language", type=click.Choice(sorted(LANGUAGES)), default="en", help="The language of the sentences.")
def command(language: str) -> None:
    """Prints the problem types as Markdown: code, HTTP status, what it means and the way out."""
    click.echo(page(language), nl=False)
