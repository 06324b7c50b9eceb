"""What clients/conformance/README.md calls a driver, for the Python client."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from sidewarden import Events, Restarted, Sidecar, SidecarError, SidewardenError  # noqa: E402
from sidewarden._codec import Struct, decode_named, encode  # noqa: E402
from sidewarden._call import Call  # noqa: E402
from sidewarden._sidecar import awaited  # noqa: E402
from sidewarden.types import EventFilter, EventOverflowParams, EventsSubscribeResult  # noqa: E402

sidecars: Dict[str, Sidecar] = {}
calls: Dict[str, Call] = {}
subscriptions: Dict[str, Events] = {}
_telling = threading.Lock()


def tell(line: Any) -> None:
    with _telling:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def spawn(command: Dict[str, Any]) -> Any:
    name = command["client"]
    timeout = command.get("startTimeoutMs")
    options = {} if timeout is None else {"start_timeout": timeout / 1000}
    sidecar = Sidecar.spawn(
        command["appId"], command=command["command"], state_dir=command.get("stateDir"), restarts=command["restarts"], **options
    )
    sidecars[name] = sidecar

    def restarted(event: Restarted) -> None:
        lost = [{"what": one.what, "name": one.name, "kind": getattr(one.error, "kind", None)} for one in event.lost]
        tell({"restarted": {"client": name, "lost": lost}})

    sidecar.on_restarted(restarted)
    sidecar.on_ended(lambda error: tell({"ended": {"client": name, "kind": error.kind, "message": str(error)}}))
    return sidecar.server.to_wire()


def begin_call(command: Dict[str, Any]) -> Callable[[Dict[str, Any]], Any]:
    made = sidecars[command["client"]].request(command["method"], command["params"])
    calls[command.get("call", "")] = made
    timeout = command.get("timeoutMs")
    return lambda _: awaited(made, None if timeout is None else timeout / 1000)


def call(command: Dict[str, Any]) -> Any:
    return begin_call(command)(command)


def cancel(command: Dict[str, Any]) -> None:
    calls[command["call"]].request_cancel()


def subscribe(command: Dict[str, Any]) -> None:
    wanted = command.get("filter")

    def listener(event: Any) -> None:
        if isinstance(event, EventOverflowParams):
            tell({"overflow": {"client": command["client"], "params": event.to_wire()}})
        elif not isinstance(event, EventsSubscribeResult):
            tell({"event": {"subscription": command["subscription"], "params": encode(event)}})

    subscriptions[command["subscription"]] = sidecars[command["client"]].watch(
        command["topic"],
        filter=None if wanted is None else EventFilter.from_wire(wanted),
        interval_ms=command.get("intervalMs"),
        listener=listener,
    )


def unsubscribe(command: Dict[str, Any]) -> None:
    subscriptions[command["subscription"]].close()


def on_shutdown(command: Dict[str, Any]) -> None:
    def handler(reason: str) -> None:
        tell({"handler": {"client": command["client"], "name": command["name"], "reason": reason}})
        if command.get("fails") is not None:
            raise RuntimeError(command["fails"])

    sidecars[command["client"]].on_shutdown(command["name"], handler, timeout_ms=command.get("timeoutMs"))


def on_second_instance(command: Dict[str, Any]) -> None:
    def handler(asked: Any) -> Any:
        tell({"secondInstance": {"client": command["client"], "payload": asked.payload.to_wire()}})
        return command["answer"].get("reply", command["answer"]["handled"])

    sidecars[command["client"]].on_second_instance(handler)


def close(command: Dict[str, Any]) -> Any:
    return encode(sidecars[command["client"]].close(deadline_ms=5000))


def decode(command: Dict[str, Any]) -> Any:
    decoded = decode_named(command["type"], command["value"])
    assert not isinstance(command["value"], dict) or isinstance(decoded, (Struct, dict))
    return encode(decoded)


COMMANDS: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "spawn": spawn,
    "call": call,
    "cancel": cancel,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "onShutdown": on_shutdown,
    "onSecondInstance": on_second_instance,
    "close": close,
    "decode": decode,
}


def run(command: Dict[str, Any], work: Callable[[Dict[str, Any]], Any]) -> None:
    try:
        tell({"n": command["n"], "ok": work(command)})
    except SidecarError as error:
        tell({"n": command["n"], "error": {"kind": error.kind, "message": str(error), "data": error.data}})
    except SidewardenError as error:
        tell({"n": command["n"], "error": {"kind": error.kind, "message": str(error), "data": {}}})


def main() -> None:
    tell({"driver": "python", "features": ["restart"]})
    for line in sys.stdin.buffer:
        command = json.loads(line)
        work = COMMANDS[command["do"]]
        if work is call:
            # Sent at once: the order of the commands is the order on the wire.
            try:
                work = begin_call(command)
            except (SidecarError, SidewardenError):
                # Refused before it was sent: again, and that is its answer.
                pass
        threading.Thread(target=run, args=(command, work), daemon=True).start()
    for sidecar in list(sidecars.values()):
        sidecar.close()


main()
