# Runs a program and writes down what it took, as the system counts it: python3 measured.py PROGRAM ARGUMENT...
# The file is named in BENCH_USAGE_FILE; the program ends with this one at the latest.
import ctypes
import json
import os
import resource
import subprocess
import sys
import time

PR_SET_PDEATHSIG, SIGKILL = 1, 9
started = time.monotonic()
code = subprocess.run(sys.argv[1:], preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)).returncode
seconds = time.monotonic() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(os.environ["BENCH_USAGE_FILE"], "w") as file:
    json.dump({"seconds": seconds, "cpuSeconds": used.ru_utime + used.ru_stime, "peakBytes": used.ru_maxrss * 1024}, file)
sys.exit(code if code >= 0 else 128 - code)
