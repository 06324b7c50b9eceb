"""A host in plain Python: `python3 host.py COMMAND...`, where the command starts `sidewarden --stdio`. One instance of it may run in a
directory; a second one tells the first and ends. Its two shutdown handlers and its service end in order on Ctrl-C or with its input."""
import concurrent.futures, itertools, json, os, subprocess, sys, threading

sidecar = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
ids, waiting, handlers, writing = itertools.count(1), {}, {}, threading.Lock()
sys.stdout.reconfigure(line_buffering=True)

def send(**message):
    with writing:
        sidecar.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

def call(method, **params):
    number, answer = next(ids), concurrent.futures.Future()
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
    print("another instance came from", payload["cwd"])
    return {"handled": True, "reply": "welcome"}

asked = {"host/runShutdownHandler": lambda handlerId, **_: handlers[handlerId](), "host/secondInstance": greet}
threading.Thread(target=read, daemon=True).start()
call("initialize", protocol={"min": 1, "max": 1}, clientInfo={"name": "example", "language": "python"}, processId=os.getpid(),
     appId="sidewarden.example.python", capabilities={"shutdownHandlers": True, "secondInstance": True})
lock = call("instance/acquire", scope="path", path=os.getcwd(), payload={"argv": sys.argv, "cwd": os.getcwd()})
if lock["acquired"]:
    for order, name in enumerate(["save", "farewell"]):
        added = call("shutdown/addHandler", name=name, order=order)
        handlers[added["handlerId"]] = lambda name=name: print("handler", name)
    service = call("service/start", spec={"name": "sleeper", "command": "sleep", "args": ["600"]})["service"]
    try:
        print(f"ready, with service {service['process']['pid']} and sidecar {sidecar.pid}")
        sys.stdin.read()
        reason = "end of input"
    except KeyboardInterrupt:
        reason = "Ctrl-C"
else:
    reason = "second instance"
    print("it runs already, and says:", lock.get("reply", lock.get("reason")))
print("shut down,", "all is well" if call("shutdown", reason=reason)["ok"] else "not all went well")
send(method="exit")
print("the sidecar ended with", sidecar.wait())
sys.exit(sidecar.returncode)
