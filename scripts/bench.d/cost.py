#!/usr/bin/python3
"""What a command takes.

    cost.py COMMAND...

runs it with its output thrown away and prints its processor time in seconds,
its time in seconds, and the most memory that it or a child of it held, in MB.
"""
import resource
import subprocess
import sys
import time

begun = time.monotonic()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall = time.monotonic() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_utime + used.ru_stime:.4f} {wall:.4f}"
      f" {used.ru_maxrss / 1024:.1f}")
sys.exit(status)
