"""Pages of words, complete in themselves: no script, no font and no style sheet from anywhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from api.texts import LANGUAGES, texts_in
from domain.problems import PROBLEMS, Problem

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
details { margin: .4rem 0; } summary { cursor: pointer; } .method { display: inline-block; min-width: 3.2rem; }
td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
"""


def documentation_page(document: dict[str, Any]) -> str:
    """The OpenAPI document for people."""
    tags = [tag["name"] for tag in document.get("tags", ())]
    operations = [
        (operation.get("tags", ["service"])[0], method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    body = [f"<h1>{escape(document['info']['title'])} {escape(document['info']['version'])}</h1>"]
    body += [f"<p>{_prose(part)}</p>" for part in document["info"]["description"].split("\n\n")]
    body.append('<p><a href="openapi.json">openapi.json</a> · <a href="problems">problems</a></p>')
    for tag in document.get("tags", ()):
        body.append(f'<h2 id="{escape(tag["name"])}">{escape(tag["name"])}</h2><p>{escape(tag["description"])}</p>')
        body += [_operation(method, path, item) for of, method, path, item in operations if of == tag["name"]]
    assert all(of in tags for of, *_ in operations), "an operation has a tag that no heading shows"
    return _page("goalcycle API", "en", "\n".join(body))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<p>{_prose(operation.get('description', ''))}</p>"]
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}</td>"
        f"<td>{'required' if item.get('required') else ''}</td><td>{_prose(item.get('description', ''))}</td></tr>"
        for item in operation.get("parameters", ())
    )
    if rows:
        parts.append(f"<table><tr><th>name</th><th>in</th><th></th><th></th></tr>{rows}</table>")
    example = next(_examples(operation), None)
    if example is not None:
        parts.append(f"<pre>{escape(json.dumps(example, ensure_ascii=False, indent=2))}</pre>")
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><code class="method">{method.upper()}</code> '
        f"<code>{escape(path)}</code> — {escape(operation.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _examples(operation: dict[str, Any]) -> Iterator[Any]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "example" in media:
            yield media["example"]


def problem_page(problem: Problem) -> str:
    """What a code means and what to do, in every language."""
    sections = []
    for tag in LANGUAGES:
        texts = texts_in(tag)
        hint = f"<p>{_prose(texts(problem.hint))}</p>" if problem.hint else ""
        sections.append(f'<section lang="{tag}"><h2>{_prose(texts.title(problem.sentence))}</h2>{hint}</section>')
    body = f"<h1><code>{escape(problem.code)}</code></h1><p>HTTP {problem.status}</p>{''.join(sections)}"
    return _page(problem.code, "en", body + '<p><a href="../problems">problems</a></p>')


def problem_index_page() -> str:
    """Every problem by code."""
    rows = "".join(
        f'<tr><td><a href="problems/{escape(found.code)}"><code>{escape(found.code)}</code></a></td>'
        f"<td>{found.status}</td>"
        + "".join(f'<td lang="{tag}">{_prose(texts_in(tag).title(found.sentence))}</td>' for tag in LANGUAGES)
        + "</tr>"
        for found in sorted(PROBLEMS.values(), key=lambda item: item.code)
    )
    return _page("problems", "en", f"<h1>Problems 问题</h1><table>{rows}</table>")


def _prose(text: str) -> str:
    """Text as HTML, with what stands between backticks set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _page(title: str, language: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
