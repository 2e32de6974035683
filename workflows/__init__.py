"""Durable workflows: they keep the time of cycles and plans, and decide nothing."""
