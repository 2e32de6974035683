"""Metrics, their page, the alert rules and the dashboard tell of the same things, and in Prometheus's own grammar."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from api.app import openapi_document
from cli.commands.metrics import page
from eventlog.metrics import FOREIGN, METRICS, Metric

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "ops/prometheus/goalcycle.rules.yml").read_text(encoding="utf-8"))
SCRAPING = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((ROOT / "ops/grafana/goalcycle.json").read_text(encoding="utf-8"))
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
PROMTOOL = shutil.which("promtool")
BY_NAME = {metric.name: metric for metric in METRICS}
DURATION = re.compile(r"(\d+)(ms|[smhdwy])")


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """Every series that an expression asks for. Raises ValueError where it is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def walk(node: Any) -> None:
        match node:
            case promql_parser.VectorSelector():
                found.append(node)
            case promql_parser.MatrixSelector():
                walk(node.vector_selector)
            case promql_parser.BinaryExpr():
                walk(node.lhs)
                walk(node.rhs)
            case promql_parser.Call():
                for argument in node.args:
                    walk(argument)
            case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
                walk(node.expr)
            case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
                pass
            case _:
                raise AssertionError(f"a kind of expression that this test does not know: {node!r}")

    walk(promql_parser.parse(expression))
    yield from found


def metric_of(series: str) -> str:
    """The metric that a series belongs to."""
    base = re.sub(r"_(bucket|sum|count)$", "", series)
    return base if series not in BY_NAME and series not in FOREIGN else series


def named(expression: str) -> set[str]:
    return {metric_of(selector.name or "") for selector in selectors(expression)}


EXPRESSIONS = {
    **{name: rule["expr"] for name, rule in ALERTS.items()},
    **{f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]},
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_rules_and_panels_ask_for_what_exists(expression: str) -> None:
    for selector in selectors(expression):
        metric = BY_NAME.get(metric_of(selector.name or ""))
        if metric is None:
            assert metric_of(selector.name or "") in FOREIGN
            continue
        assert selector.name in series_of(metric)
        labels = {matcher.name for matcher in selector.matchers.matchers} - {"le", "job", "instance"}
        assert labels <= set(metric.labels)


def series_of(metric: Metric) -> set[str]:
    if metric.kind == "histogram":
        return {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
    return {metric.name}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_its_rules_and_a_panel(metric: Metric) -> None:
    assert metric.alerts
    watching = {name for name, rule in ALERTS.items() if metric.name in named(rule["expr"])}
    assert watching == set(metric.alerts)
    assert any(metric.name in named(target["expr"]) for panel in PANELS for target in panel["targets"])
    assert len(metric.meaning) > 20


def test_nothing_foreign_is_declared_in_vain() -> None:
    used = set().union(*(named(expression) for expression in EXPRESSIONS.values()))
    assert set(FOREIGN) <= used


def test_the_values_that_rules_select_are_ones_that_occur() -> None:
    """A rule on a code or an outcome that nobody gives would never fire."""
    from api.metrics import Metrics  # its registry holds every code and outcome from the beginning

    openapi_document()  # declares every problem
    registry = Metrics(lambda: 0).registry
    codes = {
        sample.labels["code"] for family in registry.collect() for sample in family.samples if "code" in sample.labels
    }
    assert {"queue.full", "clock.skewed", "internal.error", "log.unavailable"} <= codes
    asked = re.findall(r'code="([^"]+)"', json.dumps([rule["expr"] for rule in ALERTS.values()]).replace('\\"', '"'))
    assert len(asked) == 4
    assert set(asked) <= codes


@pytest.mark.parametrize("name", ALERTS, ids=str)
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(name: str) -> None:
    """The fields of Prometheus's rule files (its documentation: alerting rules), and our own of each."""
    rule = ALERTS[name]
    assert set(rule) <= {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
    assert re.fullmatch(r"Goalcycle([A-Z][a-z]+)+", name)
    assert DURATION.fullmatch(rule.get("for", "1m"))
    assert rule["labels"]["severity"] in {"critical", "warning"}
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    for variable in re.findall(r"\$labels\.(\w+)", said["description"]):
        assert variable in rule["expr"] or variable in {"job", "instance"}
    assert said["runbook_url"] == f"docs/operations.md#{anchor_of(name)}"


def test_the_handbook_has_a_section_for_every_alert() -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    assert {anchor_of(name) for name in ALERTS} <= anchors


def anchor_of(alert: str) -> str:
    """Its name in kebab case, as in the address of its section."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alert).lower()


def test_groups_are_named_once_and_rules_too() -> None:
    groups = [group["name"] for group in RULES["groups"]]
    assert len(set(groups)) == len(groups)
    assert all(set(group) <= {"name", "interval", "rules"} for group in RULES["groups"])
    assert len(ALERTS) == sum(len(group["rules"]) for group in RULES["groups"])


def test_what_is_scraped_is_what_the_rules_speak_of() -> None:
    jobs = {job["job_name"] for job in SCRAPING["scrape_configs"]}
    parts = {part for metric in METRICS for part in metric.parts}
    assert jobs == {f"goalcycle-{part}" for part in parts} | {"goalcycle-temporal-sdk"}
    asked = set(re.findall(r'job="([^"]+)"', ALERTS["GoalcyclePartDown"]["expr"]))
    assert asked == {f"goalcycle-{part}" for part in parts}
    assert SCRAPING["rule_files"] == ["goalcycle.rules.yml"]


def test_the_dashboard_can_be_loaded() -> None:
    """What Grafana's dashboard model asks for: ids that differ, places that do not overlap, a source each."""
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        assert place["x"] + place["w"] <= 24
    for panel in PANELS:
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEF"[: len(panel["targets"])])
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_the_page_is_what_is_declared() -> None:
    """`goalcycle metrics > docs/metrics.md` writes it anew."""
    assert (ROOT / "docs/metrics.md").read_text(encoding="utf-8") == page()


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (of Prometheus) is not on PATH")
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "rules", "goalcycle.rules.yml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "goalcycle.rules.test.yml"],
    ],
    ids=" ".join,
)
def test_prometheus_itself_agrees(arguments: list[str]) -> None:
    """The last one plays quiet and broken systems to the rules, and asks which of them fire."""
    assert PROMTOOL is not None
    ran = subprocess.run(
        [PROMTOOL, *arguments], cwd=ROOT / "ops/prometheus", capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
