"""Ends a process and its descendants as a Python program does. One pid a line, answered with the milliseconds that it took."""
import sys
import time

import psutil

print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    root = psutil.Process(int(line))
    doomed = [*root.children(recursive=True), root]
    for process in doomed:
        process.terminate()
    gone, alive = psutil.wait_procs(doomed, timeout=5)
    print(f"{(time.perf_counter() - start) * 1000:.3f} {len(alive)}", flush=True)
