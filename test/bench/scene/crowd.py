"""A busy machine: PROCESSES processes, each with FILES open files and SOCKETS listening sockets, on ADDRESSES loopback
addresses in all. Ends with its input. The one line of output is the port and the inode of the last listener.

More addresses leave room: 20,000 listeners on one address would take most of the system's own port range.
"""
import os
import signal
import socket
import sys

processes, files, sockets, addresses = map(int, sys.argv[1:5])
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
children = []
ready, tell = os.pipe()
for number in range(processes):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(files)]
        for _ in range(sockets):
            listener = socket.socket()
            listener.bind((f"127.0.0.{1 + number % addresses}", 0))
            listener.listen(1)
            kept.append(listener)
        os.write(tell, f"{listener.getsockname()[1]} {os.fstat(listener.fileno()).st_ino}\n".encode().ljust(32))
        os.close(ready)
        os.close(tell)
        # The input is theirs too: however the parent dies, they end with it.
        os.read(0, 1)
        os._exit(0)
    children.append(child)
try:
    answers = [os.read(ready, 32).decode().strip() for _ in children]
    print(answers[-1], flush=True)
    sys.stdin.read()
finally:
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
