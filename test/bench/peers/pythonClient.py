"""Answers each line, a number, with the median in ms of so many `port/check` through the Python client."""

import statistics
import sys
import time

source, node, program, state_dir = sys.argv[1:]
sys.path.insert(0, source)
from sidewarden import Sidecar  # noqa: E402

with Sidecar.spawn(app_id="bench", command=[node, program, "--stdio"], state_dir=state_dir) as sidecar:
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            sidecar.port.check(20_000, host="127.0.0.1")
            times.append((time.perf_counter() - begin) * 1_000)
        print(statistics.median(times), flush=True)
