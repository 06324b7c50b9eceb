"""A host in plain Python: `python3 host.py COMMAND...`, where the command starts `sidewarden --stdio`.

One instance of it may run in a directory, a second one tells the first and ends. It has two shutdown handlers and a service, and ends
in order on Ctrl-C or when its input ends.
"""
import itertools
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future

sidecar = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
ids, waiting, handlers, writing = itertools.count(1), {}, {}, threading.Lock()


def say(*words):
    print(*words, flush=True)


def send(**message):
    with writing:
        sidecar.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


def call(method, **params):
    number, answer = next(ids), Future()
    waiting[number] = answer
    send(id=number, method=method, params=params)
    message = answer.result()
    if "error" in message:
        raise RuntimeError(message["error"]["message"])
    return message["result"]


def read():
    for line in sidecar.stdout:
        message = json.loads(line)
        if "method" not in message:
            waiting.pop(message["id"]).set_result(message)
        elif "id" in message:
            threading.Thread(target=serve, args=[message]).start()
    for answer in waiting.values():
        answer.set_exception(RuntimeError(f"the sidecar ended with {sidecar.wait()}"))


def serve(message):
    try:
        send(id=message["id"], result=asked[message["method"]](**message["params"]))
    except Exception as error:
        send(id=message["id"], error={"code": -32000, "message": str(error)})


def greet(payload, **_):
    say("another instance came from", payload["cwd"])
    return {"handled": True, "reply": "welcome"}


asked = {"host/runShutdownHandler": lambda handlerId, **_: handlers[handlerId](), "host/secondInstance": greet}
threading.Thread(target=read, daemon=True).start()


def end(reason):
    ok = call("shutdown", reason=reason)["ok"]
    say("shut down,", "all is well" if ok else "not all went well")
    send(method="exit")
    say("the sidecar ended with", sidecar.wait())
    sys.exit(sidecar.returncode)


call(
    "initialize",
    protocol={"min": 1, "max": 1},
    clientInfo={"name": "example", "language": "python"},
    processId=os.getpid(),
    appId="sidewarden.example.python",
    capabilities={"shutdownHandlers": True, "secondInstance": True},
)
lock = call("instance/acquire", scope="path", path=os.getcwd(), payload={"argv": sys.argv, "cwd": os.getcwd()})
if not lock["acquired"]:
    say("it runs already, and says:", lock.get("reply", lock.get("reason")))
    end("second instance")
for order, name in enumerate(["save", "farewell"]):
    added = call("shutdown/addHandler", name=name, order=order)
    handlers[added["handlerId"]] = lambda name=name: say("handler", name)
service = call("service/start", spec={"name": "sleeper", "command": "sleep", "args": ["600"]})["service"]
reason = "end of input"
try:
    say(f"ready, with service {service['process']['pid']} and sidecar {sidecar.pid}")
    sys.stdin.read()
except KeyboardInterrupt:
    reason = "Ctrl-C"
end(reason)
