"""The small values everything else is built of: frozen models, instants in UTC, days, exact decimals, durations.

Invariant: two equal values have one canonical form (`1.0` and `1.00` are `1`; an instant is UTC), so that equal
content always has equal bytes and therefore equal hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID, uuid5

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

_set = object.__setattr__
# The setters of the slots that every model has beside its `__dict__`, taken once: each copy sets all three.
_set_known, _set_extra, _set_private = (
    getattr(BaseModel, f"__pydantic_{slot}__").__set__ for slot in ("fields_set", "extra", "private")
)


class Frozen(BaseModel):
    """A value: immutable, compared by content, refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    derived: ClassVar[tuple[str, ...]] = ()
    """Its cached properties: worked out from these very fields, so that a copy with others works them out anew."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.derived = tuple(
            {name for kind in cls.__mro__ for name, found in vars(kind).items() if isinstance(found, cached_property)}
        )

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """The fields: what was worked out from them is no part of the value, whoever asked for it and when."""
        return iter([(name, value) for name, value in self.__dict__.items() if name not in self.derived])

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same value with other fields, not validated anew: every fold of an event makes a few of these, so it
        does without what a mutable model with extra or private fields would need.
        """
        if deep or not update:
            return self  # nothing can change it
        copied = object.__new__(type(self))
        fields, known = self.__dict__.copy(), self.__pydantic_fields_set__
        fields.update(update)
        for name in self.derived:
            fields.pop(name, None)
        _set(copied, "__dict__", fields)
        _set_known(copied, known if known.issuperset(update) else known | update.keys())
        _set_extra(copied, None)
        _set_private(copied, None)
        return copied


def _utc(instant: datetime) -> datetime:
    # A year off its ends could not be moved into another zone, nor a deadline be reckoned from it.
    if not 1900 <= instant.year < 3000:
        raise ValueError("the instant lies outside the years 1900 to 2999")
    return instant.astimezone(UTC)


def _plain(number: Decimal) -> Decimal:
    """Drop trailing zeros and exponents: one number, one spelling."""
    text = str(number)
    if "E" not in text and (text[-1] != "0" or ("." not in text and text != "-0")):
        return number  # almost every number is plain already
    if number == 0:
        return Decimal(0)
    normal = number.normalize()
    return normal.quantize(Decimal(1)) if int(normal.as_tuple().exponent) > 0 else normal


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment, always held in UTC."""


def _day(value: object) -> date:
    # A day is written as one: pydantic would also take numbers of seconds, and instants at midnight of any zone.
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime) or not 1900 <= day.year < 3000:
        raise PydanticCustomError("day", "A day is expected")
    return day


Date = Annotated[date, BeforeValidator(_day)]
"""A day of the calendar, whatever the zone."""


def _written(number: Decimal) -> str:
    return format(number, "f")


Number = Annotated[
    Decimal,
    Field(allow_inf_nan=False, max_digits=24, decimal_places=9),
    AfterValidator(_plain),
    PlainSerializer(_written, return_type=str, when_used="json-unless-none"),
]
"""An exact decimal. In JSON it is a string, because a float would round what people signed (R3.4)."""

Share = Annotated[Number, Field(ge=0, le=1)]
"""A number from 0 to 1."""

Weight = Annotated[Number, Field(gt=0, le=100)]
"""A share of a whole in percentage points (R3.4)."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hexadecimal."""


class WorkingDays(Frozen):
    """A number of working days of the organization; a deadline is the end of the last of them (R2.2)."""

    unit: Literal["working_days"] = "working_days"
    days: int = Field(ge=-400, le=400)


class Elapsed(Frozen):
    """Seconds on the clock, whatever the calendar says. Demos and tests compress a quarter with it."""

    unit: Literal["elapsed"] = "elapsed"
    seconds: int = Field(ge=-40_000_000, le=40_000_000)


Duration = Annotated[WorkingDays | Elapsed, Field(discriminator="unit")]

SYSTEM = UUID("00000000-0000-0000-0000-000000000000")
"""The actor of duties: nobody can hold a token for it."""


def plan_id(cycle: UUID, owner: UUID) -> UUID:
    """The one plan of an owner (a person or a team) in a cycle."""
    return uuid5(cycle, str(owner))
