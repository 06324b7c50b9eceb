"""Finds a listener as a Python program does. One look a line of input, answered with its milliseconds and owners."""
import sys
import time

import psutil

port = int(sys.argv[1])
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    found = [c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port]
    print(f"{(time.perf_counter() - start) * 1000:.3f} {len(found)}", flush=True)
