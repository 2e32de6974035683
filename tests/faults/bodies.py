"""Bodies that no route takes."""

from __future__ import annotations

BODIES: dict[str, bytes] = {
    "invalid utf-8": b'{"name": "\xff\xfe"}',
    "half a surrogate, escaped": b'{"name": "\\ud800"}',
    "a surrogate as key": b'{"\\udfff": 1}',
    "nul, escaped": b'{"name": "\\u0000"}',
    "nul, bare": b'{"name": "\0"}',
    "deep lists": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep within bounds": b'{"name":' * 900 + b"1" + b"}" * 900,
    "huge integer": b'{"name": ' + b"9" * 500_000 + b"}",
    "huge decimal": b'{"name": 1.' + b"9" * 500_000 + b"}",
    "huge exponent": b'{"name": 1e999999999999}',
    "infinity": b'{"name": Infinity}',
    "not json": b"\x00" * 10,
    "byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "utf-16": '{"name": "x"}'.encode("utf-16"),
    "a key a million times": b"{" + b'"k":1,' * 170_000 + b'"k":1}',
    "two megabytes": b'{"name": "' + b"x" * 2_000_000 + b'"}',
}
