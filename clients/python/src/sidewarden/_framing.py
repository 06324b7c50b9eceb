"""LSP's base protocol, as much of it as a host needs: ``Content-Length: N``, a blank line, N bytes of JSON."""

from __future__ import annotations

import json
import logging
import re
from typing import Any, Iterator, List

LONGEST_HEADER_BYTES = 8192
LARGEST_BODY_BYTES = 64 * 1024 * 1024
_log = logging.getLogger("sidewarden")


class BrokenFrame(Exception):
    """What came is no message, and nothing behind it can be trusted."""


def frame(body: str) -> bytes:
    encoded = body.encode("utf-8")
    return b"Content-Length: %d\r\n\r\n" % len(encoded) + encoded


class FrameReader:
    """Takes chunks however they are cut, and hands over each message."""

    def __init__(self) -> None:
        self._header = b""
        self._body: List[bytes] = []
        self._missing = -1  # bytes of the body; -1 while a header is read

    def feed(self, chunk: bytes) -> Iterator[Any]:
        """Yields parsed JSON. Raises BrokenFrame."""
        while chunk:
            if self._missing < 0:
                chunk = self._read_header(chunk)
            else:
                taken, chunk = chunk[: self._missing], chunk[self._missing :]
                self._body.append(taken)
                self._missing -= len(taken)
            if self._missing == 0:
                body = b"".join(self._body)
                self._body, self._missing = [], -1
                try:
                    yield json.loads(body.decode("utf-8"))
                except (ValueError, RecursionError) as error:
                    # The frame was whole: what follows it can be read.
                    _log.warning("The sidecar wrote a message that is no JSON: %s.", error)

    def _read_header(self, chunk: bytes) -> bytes:
        begun = len(self._header)
        header = self._header + chunk[:LONGEST_HEADER_BYTES]
        end = header.find(b"\r\n\r\n")
        if end == -1:
            if len(header) >= LONGEST_HEADER_BYTES:
                raise BrokenFrame(_described(header))
            self._header = header
            return b""
        self._missing = _length(header, end)
        self._header = b""
        return chunk[end + 4 - begun :]


def _length(header: bytes, end: int) -> int:
    fields = [line.partition(b":") for line in header[:end].split(b"\r\n")]
    lengths = [value.strip(b" \t") for name, _, value in fields if name.lower() == b"content-length"]
    charset = re.search(rb"(?i)^content-type:.*charset=\"?([\w-]+)", header[:end], re.MULTILINE)
    if (
        len(lengths) != 1
        or not re.fullmatch(rb"[0-9]{1,15}", lengths[0])
        or int(lengths[0]) > LARGEST_BODY_BYTES
        or any(not colon or b"\n" in name + value for name, colon, value in fields)
        or (charset and charset.group(1).lower() not in (b"utf-8", b"utf8"))
    ):
        raise BrokenFrame(_described(header))
    return int(lengths[0])


def _described(header: bytes) -> str:
    return f"The sidecar wrote something that is no message: {header[:80].decode('latin-1')!r}."
