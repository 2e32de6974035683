"""The status table of a running stack."""

from cli.stack.supervisor import LocalStack


def status_table(stack: LocalStack) -> str:
    """One line a part with its address and process, and how to stop: for a person's eye."""
    rows = [
        (name, str(stack.children[name].pid or "-"), _address(stack, name), str(stack.children[name].log_path))
        for name in stack.children
    ]
    header = ("PART", "PROCESS", "ADDRESS", "LOG")
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in [header, *rows]]  # fmt: skip
    addresses = stack.addresses
    lines.append("")
    if "api" in stack.children:
        lines.append(f"API documentation  {addresses.api_docs}")
    if addresses.temporal_ui:
        lines.append(f"Temporal UI        {addresses.temporal_ui}")
    return "\n".join([*lines, "", "Ctrl-C stops everything; the next start resumes here."])


def as_object(stack: LocalStack) -> dict[str, object]:
    """The same as plain data, without any password."""
    addresses = stack.addresses
    return {
        "api": addresses.api,
        "api_docs": addresses.api_docs,
        "home": str(stack.settings.home),
        "parts": {name: child.pid for name, child in stack.children.items()},
        "postgres": addresses.postgres,
        "temporal": addresses.temporal,
        "temporal_ui": addresses.temporal_ui,
    }


def _address(stack: LocalStack, part: str) -> str:
    addresses = stack.addresses
    known = {"postgres": addresses.postgres, "temporal": addresses.temporal, "api": addresses.api}
    return known.get(part, "-")
