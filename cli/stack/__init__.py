"""The local stack: Postgres, Temporal and goalcycle's own parts as one supervised tree."""

from cli.stack.errors import StackError
from cli.stack.supervisor import Addresses, LocalStack

__all__ = ["Addresses", "LocalStack", "StackError"]
