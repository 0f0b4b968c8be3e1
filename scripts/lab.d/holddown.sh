#!/usr/bin/env bash
#
# Keeps each closed connection's port taken for a fixed time, on the gateway:
#
#   holddown.sh SECONDS
#
# Newer kernels evict entries in TIME_WAIT when their port is wanted again; a
# cloud's NAT does not.  So each entry that enters TIME_WAIT gets the status
# FIXED_TIMEOUT, with which the kernel leaves it alone.

set -euo pipefail

seconds=$1

# A line of conntrack's event, as the arguments of its update.
as_update() {
  awk -v t="$seconds" '/TIME_WAIT/ {
    split("", first)
    for (i = 1; i <= NF; i++)
      if (split($i, kv, "=") == 2 && !(kv[1] in first))
        first[kv[1]] = kv[2]
    printf "-U -p tcp -s %s -d %s --sport %s --dport %s -t %d " \
      "-u ASSURED,SEEN_REPLY,FIXED_TIMEOUT\n",
      first["src"], first["dst"], first["sport"], first["dport"], t
    fflush()
  }'
}

conntrack -E -e UPDATES -p tcp --buffer-size 4194304 | as_update |
  conntrack -R -
