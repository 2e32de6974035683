"""Which key results are measured, and by what."""

from decimal import Decimal

import pytest

from cli.importing.measures import Measure, measure_of


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Raise orders from 12 to 20 orders", ("Raise orders", "orders", "12", "20")),
        ("一次合格率 from 91 to 97 %", ("一次合格率", "%", "91", "97")),
        ("Raise on-time delivery from 86% to 94%", ("Raise on-time delivery", "%", "86", "94")),
        ("Cut field failures from 9 to 4 per month", ("Cut field failures", "per month", "9", "4")),
        ("Revenue: from 1,200 to 2,400.5 kEUR", ("Revenue", "kEUR", "1200", "2400.5")),
        ("Net cash from -3 to 2 MEUR.", ("Net cash", "MEUR", "-3", "2")),
        ("每月改进建议从 40 提高到 90 条", ("每月改进建议", "条", "40", "90")),
        ("库存周转由30天降至20天", ("库存周转", "天", "30", "20")),
        ("from 12 to 20 orders", ("from 12 to 20 orders", "orders", "12", "20")),
        (
            "Raise orders from 12 to 20 orders by the end of March",
            ("Raise orders from 12 to 20 orders by the end of March", "orders", "12", "20"),
        ),
    ],
)
def test_a_measure_says_where_it_stands_and_where_it_shall_be(title: str, expected: tuple[str, str, str, str]) -> None:
    name, unit, baseline, target = expected
    assert measure_of(title) == Measure(name, unit, Decimal(baseline), Decimal(target))


@pytest.mark.parametrize(
    "title",
    [
        "Identify 20 influencers",
        "Extend the roadmap from 2018 to 2019",
        "Stay from 5 to 5 people",
        "Improve throughput by 5x",
        "Travel from Rotterdam to Shanghai",
        "therefrom 1 to 2 units",
        "Move from 1.2.3 to 1.2.4 release",
    ],
)
def test_everything_else_is_reached_in_steps(title: str) -> None:
    assert measure_of(title) is None
