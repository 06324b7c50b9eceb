"""What actor.ts does as `loopback`, by a program in another language."""
import json
import os
import socket
import sys

server = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": server.getsockname()[1], "pids": [os.getpid()]}), flush=True)
sys.stdin.read()
