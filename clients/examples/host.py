"""A host in plain Python: `python3 host.py COMMAND...`, where the command starts `sidewarden --stdio`.

It has two shutdown handlers and a service, and ends in order on Ctrl-C or when its input ends.
"""
import itertools
import json
import os
import subprocess
import sys

sidecar = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
ids = itertools.count(1)
handlers = {}


def send(**message):
    sidecar.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


def call(method, **params):
    """Asks, and serves what the sidecar asks meanwhile."""
    mine = next(ids)
    send(id=mine, method=method, params=params)
    for line in sidecar.stdout:
        message = json.loads(line)
        if message.get("method") == "host/runShutdownHandler":
            run_handler(message["id"], message["params"]["handlerId"])
        elif message.get("id") == mine and "error" in message:
            raise RuntimeError(message["error"]["message"])
        elif message.get("id") == mine:
            return message["result"]
    raise RuntimeError(f"the sidecar ended with {sidecar.wait()} before it answered {method}")


def run_handler(request, handler):
    try:
        handlers[handler]()
        send(id=request, result=None)
    except Exception as error:
        send(id=request, error={"code": -32000, "message": str(error)})


def add_handler(name, order, run):
    handlers[call("shutdown/addHandler", name=name, order=order)["handlerId"]] = run


call(
    "initialize",
    protocol={"min": 1, "max": 1},
    clientInfo={"name": "example", "language": "python"},
    processId=os.getpid(),
    appId="sidewarden.example.python",
    capabilities={"shutdownHandlers": True},
)
add_handler("save", 0, lambda: print("handler save", flush=True))
add_handler("farewell", 1, lambda: print("handler farewell", flush=True))
service = call("service/start", spec={"name": "sleeper", "command": "sleep", "args": ["600"]})["service"]
reason = "end of input"
try:
    print(f"ready, with service {service['process']['pid']} and sidecar {sidecar.pid}", flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    reason = "Ctrl-C"
ok = call("shutdown", reason=reason)["ok"]
print("shut down,", "all is well" if ok else "not all went well", flush=True)
send(method="exit")
print("the sidecar ended with", sidecar.wait(), flush=True)
sys.exit(sidecar.returncode)
