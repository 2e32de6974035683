"""The catalogue is complete: every sentence of every problem has its Chinese, with the same placeholders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import api.app
import domain.registry
import domain.words
from api.field_texts import SENTENCES
from api.texts import LANGUAGES, LOCALES, PLACEHOLDER, texts_for, texts_in
from cli.commands import advise, problems
from domain.access.verdict import WORDS as STANDS
from domain.cycle import advice
from domain.cycle.advice import Degree, Practice, Stage, UnitFacts
from domain.cycle.gates import GATES
from domain.cycle.policy import Framework
from domain.cycle.windows import Phase
from domain.messages import Kind
from domain.plan.readings import TAKES
from domain.problems import PROBLEMS

ROOT = Path(api.app.__file__).parent.parent
WORDS = [*(words for _, words in TAKES.values()), "bonus", "deduction", *Phase, *get_args(Kind)]


UNSAID = {"a text must be sealed before it is written"}
"""Of a fault of ours, which no caller can bring about."""


def sentences() -> Iterator[str]:
    """Every msgid that the API can show."""
    assert domain.registry.COMMANDS
    for problem in PROBLEMS.values():
        if not problem.code.startswith("toy."):  # another test's made-up world
            yield from (problem.sentence, problem.hint)
    yield from SENTENCES.values()
    yield from problems.SENTENCES
    yield from WORDS
    yield from advice_sentences()
    yield from who_may()
    yield from of_models()
    for codes in GATES.values():
        yield from codes
    for words in domain.words.WORDS:
        yield from words.values()


def advice_sentences() -> Iterator[str]:
    """What `advise` can say of every unit, its facts and their values, and what the command line says around it."""
    yield from advise.SENTENCES
    yield from ("mix", "preset", "light", "formal", *UnitFacts.model_fields, *Framework, *Stage, *Degree, *Practice)
    for one in product(Stage, Degree, Degree, Degree, Practice):
        found = advice.advise(UnitFacts.model_validate(dict(zip(UnitFacts.model_fields, one, strict=True))))
        yield from (reason.sentence for reason in (*found.reasons, *found.cautions))


def who_may() -> Iterator[str]:
    """The words for people that rules put into `plan.not_allowed`."""
    for path in (ROOT / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NOT_ALLOWED":
                words = [item.value for item in node.keywords if item.arg == "who"]
                yield from (str(word.value) for word in words if isinstance(word, ast.Constant))
    yield from STANDS.values()


def of_models() -> Iterator[str]:
    """What the models of the domain say of a value that cannot be: `field_message` shows it as it is."""
    for path in (ROOT / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ValueError":
                said = {item.value for item in node.args if isinstance(item, ast.Constant)}
                yield from (str(sentence) for sentence in said - UNSAID)


def catalogue(tag: str) -> Catalog:
    with (LOCALES / LANGUAGES[tag] / "LC_MESSAGES" / "goalcycle.po").open("rb") as source:
        return read_po(source, locale=LANGUAGES[tag])


def test_every_sentence_is_translated_with_the_same_placeholders() -> None:
    found = catalogue("zh-CN")
    wanted = {sentence for sentence in sentences() if sentence}
    assert len(wanted) > 150
    missing = [sentence for sentence in wanted if sentence not in found or not found[sentence].string]
    assert missing == []
    for sentence in wanted:
        translated = found[sentence].string
        assert sorted(PLACEHOLDER.findall(str(translated))) == sorted(PLACEHOLDER.findall(sentence)), sentence
        assert not found[sentence].fuzzy


def test_the_catalogue_keeps_nothing_that_nobody_says() -> None:
    said = set(sentences())
    models = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "domain").rglob("*.py"))
    unsaid = [
        message.id
        for message in catalogue("zh-CN")
        if message.id and message.id not in said and str(message.id) not in models and "ids are equal" not in message.id
    ]
    assert unsaid == []


def test_a_field_s_sentence_can_say_nothing_of_the_input() -> None:
    """Pydantic's context also holds what was sent (`tag`, `input_type`, a parser's `error`)."""
    schema = {"min_length", "max_length", "ge", "gt", "le", "lt", "max_digits", "decimal_places", "limit"}
    named = {name for sentence in SENTENCES.values() for name in PLACEHOLDER.findall(sentence)}
    assert named == schema | {"expected", "expected_tags"}


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("zh-CN", "zh-CN"),
        ("zh-Hans-CN, en;q=0.5", "zh-CN"),
        ("en, zh;q=0.9", "en"),
        ("fr, zh;q=0.2, en;q=0.1", "zh-CN"),
        ("fr", "en"),
        ("*", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense", "en"),
    ],
)
def test_the_language_is_the_one_that_is_asked_for(header: str, tag: str) -> None:
    assert texts_for(header).tag == tag


def test_parameters_that_are_words_are_translated_and_others_stay() -> None:
    chinese = texts_in("zh-CN")
    assert (
        chinese.filled("Only these people may do this: {who}.", {"who": "the plan's owner"})
        == "只有计划的负责人可以这样做。"
    )
    assert chinese.filled("There is no version {version} yet.", {"version": 7}) == "还没有第 7 版。"
    assert chinese.title("There is no version {version} yet.") == "还没有第 … 版。"
    assert texts_in("en").filled("{a} and {b}", {"a": "{b}"}) == "{b} and {b}"
