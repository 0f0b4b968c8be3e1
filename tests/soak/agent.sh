#!/usr/bin/env bash
#
# An agent for as many slots as 24 hours have at the default interval of 10 s,
# a tenth of a second each, with endpoints that fail in several ways: its
# memory and its file descriptors stay as they are.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
seconds=${SOAK_SECONDS:-864}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
background "$tools/badserver" -c cert.pem -k key.pem >ports
for _ in $(seq 100); do
  grep -q '^$' ports && break
  sleep 0.1
done

# endpoint SERVER SCHEME
endpoint() {
  echo "  $1: { url: \"$2://localhost:$(awk -v name="$1" '$1 == name { print $2 }' ports)/\"}" |
    case $2 in
    *s) sed 's/}$/, ca: cert.pem }/' ;;
    *) cat ;;
    esac
}
{
  cat <<'END'
paths: { direct: { role: direct }, nat: { role: nat, source: 127.0.0.1 } }
schedule: { interval: 100ms, port-budget: 1000000 }
timeouts: { dns: 1s, connect: 1s, tls: 1s, request: 1s, done: 1s }
endpoints:
END
  endpoint https-ok https
  endpoint https-ws wss
  endpoint http-ok http
  endpoint tls-close https
  endpoint tcp-reset https
  endpoint tcp-silent https
  echo '  nowhere: { url: "https://nowhere.invalid/" }'
} >natdiff.yaml

background "$probe" run -c natdiff.yaml --database natdiff.db \
  --slots $((seconds * 10)) 2>run.err
pid=$!

# memory in KiB and file descriptors, every second
while kill -0 $pid 2>/dev/null; do
  fds=("/proc/$pid/fd"/*)
  echo "$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status" \
    2>/dev/null) ${#fds[@]}"
  sleep 1
done | awk 'NF == 2 && $2 > 3' >samples
wait $pid
check "it ends well" equals "$? $(grep -v ': warning: ' run.err)" "0 "

# The least of a second counts for descriptors: attempts come and go.
awk '{
  memory[NR] = $1; fds[NR] = $2
}
END {
  for (i = 1; i <= NR; i++) {
    third = int((i - 1) * 3 / NR)
    if (memory[i] > most[third]) most[third] = memory[i]
    if (!(third in least) || fds[i] < least[third]) least[third] = fds[i]
  }
  printf "%d %d %d %d\n", most[1], most[2], least[1], least[2]
}' samples >levels
read -r memory memory_later fds fds_later <levels
echo "# $(wc -l <samples) samples: memory at most $memory KiB, then $memory_later;" \
  "descriptors at least $fds, then $fds_later"
check "its memory does not grow" at_least $((memory + 4096)) "$memory_later"
check "nor the number of its file descriptors" at_least $((fds + 2)) "$fds_later"
sql natdiff.db "SELECT path, planned, fired FROM run" | sed 's/^/# /'
check "everything that was fired is stored" equals "$(sql natdiff.db \
  "SELECT sum(lost_rows), sum(fired) = (SELECT count(*) FROM attempt),
    group_concat(ended_how) FROM run")" "0|1|finished,finished"
check "most of the plan was fired" equals "$(sql natdiff.db \
  "SELECT sum(fired) > sum(planned) / 2 FROM run")" 1
check "the database is sound" \
  equals "$(sql natdiff.db 'PRAGMA integrity_check')" ok
done_testing
