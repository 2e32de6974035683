"""Say which framework suits a unit, with reasons that each cite their rule."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from domain.cycle.advice import Degree, Practice, Reason, Stage, UnitFacts

if TYPE_CHECKING:
    from api.shapes import AdviceAnswer
    from api.texts import Texts

SUMMARY = "Advised: {framework}, by weight {kpi} % KPIs and {okr} % OKRs, with the preset {preset}."
BALANCE = "Where nothing speaks for either side: {percent} % KPIs."
DECIDES = "This advises; a person decides, and says so with ChooseFramework."
SENTENCES = (SUMMARY, BALANCE, DECIDES)


def _one_of(values: type[Stage | Degree | Practice]) -> Any:
    return click.Choice([value.value for value in values])


@click.command()
@click.option("--stage", required=True, type=_one_of(Stage), help="Where the unit stands.")
@click.option("--predictability", required=True, type=_one_of(Degree), help="Of the unit's work.")
@click.option("--regulation", required=True, type=_one_of(Degree), help="How far results are required from outside.")
@click.option("--innovation", required=True, type=_one_of(Degree), help="How much must be found anew.")
@click.option("--maturity", required=True, type=_one_of(Practice), help="How the unit is used to goals.")
@click.option("--language", default="en", show_default=True, help="Of the sentences: en or zh-CN.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API would answer.")
def command(language: str, as_json: bool, **facts: str) -> None:
    """Advises on KPIs, OKRs or both, from five facts about a unit. It changes nothing: a person decides.

    Exit codes: 0 advised, 2 called wrongly.
    """
    from api.advice import advice_answer
    from api.texts import texts_for

    texts = texts_for(language)
    answer = advice_answer(UnitFacts.model_validate(facts), texts)
    if as_json:
        click.echo(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_told(answer, texts)))


def _told(answer: "AdviceAnswer", texts: "Texts") -> Iterator[str]:
    yield texts.filled(
        SUMMARY,
        {
            "framework": answer.framework.value,
            "kpi": answer.kpi_share,
            "okr": answer.okr_share,
            "preset": answer.preset,
        },
    )
    yield f"  {answer.balanced:>+4}  {texts.filled(BALANCE, {'percent': answer.balanced})}"
    for reason in answer.reasons:
        yield f"  {reason.points:>+4}  {_about(answer, reason, texts)}"
    for caution in answer.cautions:
        yield f"     !  {caution.sentence} ({caution.rule})"
    yield texts(DECIDES)


def _about(answer: "AdviceAnswer", reason: Reason, texts: "Texts") -> str:
    value = getattr(answer.facts, reason.fact, None)
    fact = texts(reason.fact) if value is None else f"{texts(reason.fact)} {texts(value.value)}"
    return f"{fact}: {reason.sentence} ({reason.rule})"
