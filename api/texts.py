"""The one gettext catalogue: words are chosen when something is rendered, never stored.

English sentences are the msgids; `locale/zh_CN/LC_MESSAGES/goalcycle.po` holds the Chinese. The catalogue is compiled
in memory when it is first used, so there is no build step and no compiled file to go stale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent.parent / "locale"
DOMAIN = "goalcycle"
LANGUAGES = {"en": "en", "zh-CN": "zh_CN"}
"""Language tags by which callers ask, and the catalogue's folder."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Texts:
    """The texts of one language. Calling it translates a sentence; an unknown one stays as it is."""

    tag: str
    """As in `Content-Language`."""
    catalogue: NullTranslations

    def __call__(self, sentence: str) -> str:
        return str(self.catalogue.gettext(sentence)) if sentence else ""

    def filled(self, sentence: str, params: Mapping[str, Any]) -> str:
        """The translated sentence with its parameters; parameters that are words of the catalogue are translated."""

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in params:
                return match.group(0)
            return ", ".join(self(word) for word in str(params[name]).split(", "))

        return PLACEHOLDER.sub(value, self(sentence))

    def title(self, sentence: str) -> str:
        """The sentence of a kind of problem: the same for every occurrence, so without parameters."""
        return PLACEHOLDER.sub("…", self(sentence))


@cache
def texts_in(tag: str) -> Texts:
    """The texts of a language tag of `LANGUAGES`."""
    if tag == "en":
        return Texts(tag, NullTranslations())
    path = LOCALES / LANGUAGES[tag] / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as source:
        catalogue = read_po(source, locale=LANGUAGES[tag], domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Texts(tag, Translations(compiled, domain=DOMAIN))


def texts_for(accept_language: str) -> Texts:
    """The texts that an `Accept-Language` header asks for (RFC 9110 12.5.4), else English.

    Any Chinese is served in simplified Chinese.
    """
    best, best_weight = "en", 0.0
    for part in accept_language[:200].split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        primary = tag.strip().lower().partition("-")[0]
        language = {"zh": "zh-CN", "en": "en", "*": "en"}.get(primary)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return texts_in(best)
