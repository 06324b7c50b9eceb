"""LSP's base protocol, as much of it as a host needs: ``Content-Length: N``, a blank line, N bytes of JSON."""

from __future__ import annotations

import json
import logging
import re
from typing import Any, Dict, Iterator, List, Optional

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
                    yield json.loads(body.decode("utf-8-sig", "replace"))
                except (ValueError, RecursionError) as error:
                    # The frame was whole: what follows it can be read.
                    _log.warning("The sidecar wrote a message that is no JSON: %s.", error)

    def _read_header(self, chunk: bytes) -> bytes:
        begun = len(self._header)
        header = self._header + chunk[:LONGEST_HEADER_BYTES]
        end = header.find(b"\r\n\r\n")
        # A line feed alone will never become the blank line that is waited for.
        hopeless = re.search(rb"(?<!\r)\n", header if end == -1 else header[:end])
        if end == -1 and not hopeless and len(header) < LONGEST_HEADER_BYTES:
            self._header = header
            return b""
        length = None if hopeless or end == -1 or end + 4 > LONGEST_HEADER_BYTES else _length_in(header[:end])
        if length is None:
            raise BrokenFrame(f"The sidecar wrote something that is no message: {header[:80].decode('latin-1')!r}.")
        self._missing, self._header = length, b""
        return chunk[end + 4 - begun :]


def _length_in(header: bytes) -> Optional[int]:
    """None where it tells none: two lengths, another charset, a body larger than any of a sidecar's."""
    fields = [_FIELD.match(line) for line in header[3 if header.startswith(_BYTE_ORDER_MARK) else 0 :].split(b"\r\n")]
    if any(field is None for field in fields):
        return None
    values: Dict[bytes, List[bytes]] = {}
    for field in fields:
        if field is not None:
            values.setdefault(field[1].lower(), []).append(field[2])
    lengths = values.get(b"content-length", [])
    if len(lengths) != 1 or not re.match(rb"[0-9]{1,15}\Z", lengths[0]) or int(lengths[0]) > LARGEST_BODY_BYTES:
        return None
    parameters = [found for value in values.get(b"content-type", []) for found in _PARAMETER.findall(value)]
    charsets = [value for name, value in parameters if name.lower() == b"charset"]
    return int(lengths[0]) if all(re.match(rb'(?i)"?utf-?8"?[ \t]*\Z', charset) for charset in charsets) else None


_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n\0]*?)[ \t]*\Z")
_PARAMETER = re.compile(rb';[ \t]*([\w-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)')
