"""A second, smaller book of a cycle: `tests.domain.model` opens it, each module keeps one part."""
