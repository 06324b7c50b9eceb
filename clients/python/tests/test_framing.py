"""What clients/conformance/framing.json says that a stream means, byte by byte and whole, without a process."""

from __future__ import annotations

import base64
import json
from typing import Any, Dict, List, Tuple

import pytest
from conftest import ROOT

from sidewarden._framing import BrokenFrame, FrameReader

VECTORS: List[Dict[str, Any]] = json.loads((ROOT / "clients/conformance/framing.json").read_text("utf-8"))["vectors"]
TOLD = ("request", "notification", "response", "broken")
OURS = [
    one
    for one in VECTORS
    # The answer to initialize is the first header, so none of ours has empty lines before it.
    if one["framing"] == "lsp"
    and not str(one["input"][0].get("text", "")).startswith("\r\n")
    and all(kind["kind"] in TOLD and kind.get("reason") != "truncated" for kind in one["expect"])
]


def bytes_of(part: Dict[str, Any]) -> bytes:
    if "base64" in part:
        return base64.b64decode(part["base64"])
    if "text" in part:
        return str(part["text"]).encode() * int(part.get("repeat", 1))
    body = str(part["frame"]).encode() * int(part.get("repeat", 1))
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def read(stream: bytes, cut: int) -> Tuple[List[Any], bool]:
    reader = FrameReader()
    messages: List[Any] = []
    try:
        for at in range(0, len(stream), cut):
            messages.extend(reader.feed(stream[at : at + cut]))
    except BrokenFrame:
        return messages, True
    return messages, False


@pytest.mark.parametrize("vector", OURS, ids=lambda one: str(one["name"]))
def test_a_stream_means_the_same_however_it_is_cut(vector: Dict[str, Any]) -> None:
    stream = b"".join(bytes_of(part) for part in vector["input"])
    expected = vector["expect"]
    told = [one for one in expected if one["kind"] != "broken"]
    for cut in (len(stream) or 1, 1) if len(stream) < 100_000 else (len(stream), 65_536):
        messages, broken = read(stream, cut)
        assert broken == any(one["kind"] == "broken" for one in expected)
        assert [one.get("method") for one in messages] == [one.get("method") for one in told]
        assert [one.get("id") for one in messages] == [one.get("id") for one in told]


def test_there_are_vectors() -> None:
    assert len(OURS) > 20
