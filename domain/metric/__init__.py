"""Metrics: what the organization counts, quarter after quarter, whoever's goals are measured by it. One stream each."""
