"""What is wrong with one field, in a sentence: by pydantic's stable error types, so that no input is ever repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.texts import Texts

OTHER = "This value cannot be used here."
NOT_A_NUMBER = 'A number is expected, as a string such as "12.5".'
# A sentence names limits and words of the schema only; a test keeps anything of the input out.
SENTENCES: Mapping[str, str] = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "json_type": OTHER,
    "model_type": "An object is expected.",
    "model_attributes_type": "An object is expected.",
    "dict_type": "An object is expected.",
    "list_type": "A list is expected.",
    "tuple_type": "A list is expected.",
    "text": "A text is expected.",
    "text_empty": "The text is empty.",
    "text_too_long": "The text has more than {limit} characters.",
    "text_invalid": "The text has a NUL character or half of a surrogate pair.",
    "string_type": "A text is expected.",
    "string_unicode": "The text has a NUL character or half of a surrogate pair.",
    "string_pattern_mismatch": "The text does not have the expected form.",
    "string_too_long": "The text has more than {max_length} characters.",
    "string_too_short": "The text has fewer than {min_length} characters.",
    "too_long": "The list has more than {max_length} items.",
    "too_short": "The list has fewer than {min_length} items.",
    "uuid_parsing": "An id (UUID) is expected.",
    "uuid_type": "An id (UUID) is expected.",
    "decimal_parsing": NOT_A_NUMBER,
    "decimal_type": NOT_A_NUMBER,
    "decimal_max_digits": "The number has more than {max_digits} digits.",
    "decimal_max_places": "The number has more than {decimal_places} digits after the point.",
    "decimal_whole_digits": "The number is too large.",
    "finite_number": "A finite number is expected.",
    "int_parsing": "A whole number is expected.",
    "int_parsing_size": "The number is too large.",
    "int_type": "A whole number is expected.",
    "int_from_float": "A whole number is expected.",
    "greater_than": "The number must be greater than {gt}.",
    "greater_than_equal": "The number must be at least {ge}.",
    "less_than": "The number must be less than {lt}.",
    "less_than_equal": "The number must be at most {le}.",
    "bool_parsing": "true or false is expected.",
    "bool_type": "true or false is expected.",
    "literal_error": "One of these is expected: {expected}.",
    "enum": "One of these is expected: {expected}.",
    "union_tag_invalid": "One of these is expected: {expected_tags}.",
    "union_tag_not_found": "The field that says which kind this is is missing.",
    "datetime_type": "An instant is expected, such as 2027-01-31T16:00:00+08:00.",
    "datetime_parsing": "An instant is expected, such as 2027-01-31T16:00:00+08:00.",
    "datetime_from_date_parsing": "An instant is expected, such as 2027-01-31T16:00:00+08:00.",
    "datetime_object_invalid": "An instant is expected, such as 2027-01-31T16:00:00+08:00.",
    "day": "A day is expected, such as 2027-03-31.",
    "timezone_aware": "The instant needs its offset, such as +08:00.",
}


def field_message(texts: Texts, error: Mapping[str, Any]) -> str:
    """The sentence of one pydantic error."""
    context: Mapping[str, Any] = error.get("ctx") or {}
    if error["type"] == "value_error":
        return texts(str(context["error"]))  # a fixed sentence of a model of ours
    return texts.filled(SENTENCES.get(error["type"], OTHER), context)
