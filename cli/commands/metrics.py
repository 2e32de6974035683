"""Print the page that explains every metric: docs/metrics.md."""

from __future__ import annotations

import click

from eventlog.metrics import FOREIGN, METRICS

HEAD = """# Metrics

What each part of goalcycle exposes in Prometheus's text format, what it means, and the alerts that watch it. This page
is printed by `goalcycle metrics`; a test holds it, the rules and the dashboard to what `eventlog/metrics.py` declares.

The API answers `/metrics` on its own port (`GOALCYCLE_API_PORT`). The other parts do when a port is set, each its own:
`GOALCYCLE_WORKER_METRICS_PORT`, `GOALCYCLE_RELAY_METRICS_PORT`, `GOALCYCLE_PROJECTOR_METRICS_PORT`; the worker shows
what Temporal's SDK counts on `GOALCYCLE_TEMPORAL_METRICS_PORT`. They listen on `GOALCYCLE_METRICS_HOST` (127.0.0.1).

Ready to use: the scrape configuration `ops/prometheus/prometheus.yml`, the rules `ops/prometheus/goalcycle.rules.yml`,
the dashboard `ops/grafana/goalcycle.json`. What to do about an alert stands in [operations.md](operations.md).

Labels are route templates, names of types and stable codes: never an id, a name or a text. Lags are facts of the
database, so relay and projector each tell both: a part that is away is seen by the other. While the database does not
answer they are NaN, never an old number.
"""


@click.command()
def command() -> None:
    """Prints docs/metrics.md: every metric with its meaning, unit, labels and alerts."""
    click.echo(page(), nl=False)


def page() -> str:
    """The page."""
    lines = [
        HEAD,
        "## Ours",
        "| metric | kind, unit | labels | parts | meaning | alerts |",
        "|---|---|---|---|---|---|",
    ]
    for metric in METRICS:
        labels = ", ".join(metric.labels) or "–"
        alerts = ", ".join(metric.alerts)
        lines.append(
            f"| `{metric.name}` | {metric.kind}, {metric.unit} | {labels} | {', '.join(metric.parts)} "
            f"| {metric.meaning} | {alerts} |"
        )
    lines += ["", "## Of others, used by our rules and panels", "| metric | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in FOREIGN.items()]
    return "\n".join(lines) + "\n"
