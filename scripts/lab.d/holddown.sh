#!/usr/bin/env bash
#
# Keeps each closed connection's port taken for a fixed time, on the gateway:
#
#   holddown.sh SECONDS
#
# Newer kernels evict entries in TIME_WAIT when their port is wanted again; a
# cloud's NAT does not.  So each entry that enters TIME_WAIT gets the status
# FIXED_TIMEOUT, with which the kernel leaves it alone.  It comes some
# milliseconds after the event: good for a hundred connections a second.

set -euo pipefail

seconds=$1

# A line of conntrack's event becomes the arguments of its update.  sed, as awk
# may keep lines back.
as_update() {
  sed -un "s/.* TIME_WAIT src=\([^ ]*\) dst=\([^ ]*\) sport=\([^ ]*\)\
 dport=\([^ ]*\) .*/-U -p tcp -s \1 -d \2 --sport \3 --dport \4 -t $seconds\
 -u ASSURED,SEEN_REPLY,FIXED_TIMEOUT/p"
}

conntrack -E -e UPDATES -p tcp --buffer-size 4194304 | as_update |
  while read -r -a update; do
    # The update makes an event of its own, whose update is refused; and an
    # entry may be gone by now.
    conntrack "${update[@]}" >/dev/null 2>&1 || true
  done
