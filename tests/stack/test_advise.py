"""`goalcycle advise`: the same advice as the API's, in both languages, without a server."""

import json

import pytest
from click.testing import CliRunner

from cli.main import cli

FACTS = {"stage": "mature", "predictability": "high", "regulation": "high", "innovation": "medium", "maturity": "some"}
ASKED = [part for name, value in FACTS.items() for part in (f"--{name}", value)]


def advised(*more: str) -> str:
    done = CliRunner().invoke(cli, ["advise", *ASKED, *more])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("language", "begins", "ends"),
    [
        (
            "en",
            "Advised: kpi, by weight 100 % KPIs and 0 % OKRs",
            "says so with ChooseFramework.",
        ),
        ("zh-CN", "建议：KPI，按权重 KPI 占 100%、OKR 占 0%", "由人决定，并通过 ChooseFramework 说明。"),
    ],
)
def test_r1_1_the_advice_shows_its_sum_and_cites_its_rules(language: str, begins: str, ends: str) -> None:
    first, *lines, last = advised("--language", language).splitlines()
    assert first.startswith(begins)
    assert last.endswith(ends)
    sums = [int(line.split()[0]) for line in lines if "!" not in line]
    assert sum(sums) == 100
    assert all(line.endswith(")") and "(R" in line for line in lines[1:])


def test_the_json_is_what_the_api_answers() -> None:
    found = json.loads(advised("--json"))
    assert (found["framework"], found["kpi_share"], found["facts"]) == ("kpi", 100, FACTS)


def test_a_fact_that_there_is_not_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["advise", *ASKED, "--stage", "sleepy"]).exit_code == 2
    assert CliRunner().invoke(cli, ["advise"]).exit_code == 2
