#!/usr/bin/env bash
#
# A witness under 5,000 connections a second that mean harm: garbage, silence
# and half a handshake, and as many full handshakes as the processor allows.
# Every good client is answered meanwhile.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
seconds=${SOAK_SECONDS:-60}

background "$probe" witness --database w.db --listen 127.0.0.1:0 \
  --name localhost >ready 2>log
witness=$!
for _ in $(seq 200); do
  ! grep -q '^ready' ready || break
  sleep 0.05
done
port=$(sed -n 's,^ready: https://127.0.0.1:\([0-9]*\) .*,\1,p' ready)
[ -n "$port" ] || {
  sed 's/^/# /' log
  exit 1
}

# abuse MODE RATE HELD
abuse() {
  background "$tools/crowd" -m "$1" -r "$2" -n "$3" -t "$seconds" \
    127.0.0.1 "$port" >"$1.out"
}
abuse garbage 2000 100
abuse silent 1500 1500
abuse half 1500 1500
abuse idle 100 100

good=0 asked=0
: >latency
while [ $SECONDS -lt "$seconds" ]; do
  asked=$((asked + 1))
  if curl -sS --max-time 20 --cacert w.db.crt -o /dev/null \
    -w '%{time_total}\n' "https://localhost:$port/" >>latency 2>>curl.err; then
    good=$((good + 1))
  fi
  sleep 0.2
done
for pid in "${tap_children[@]:1}"; do
  wait "$pid"
done
grep . garbage.out silent.out half.out idle.out | sed 's/^/# /'
sort -n latency | awk '{ t[NR] = $1 } END {
  printf "# %d good clients: median %.3f s, slowest %.3f s\n",
    NR, t[int((NR + 1) / 2)], t[NR] }'
check "there were 4,000 connections a second, most of what was tried" at_least \
  "$(awk '{ n += $1 } END { print int(n) }' garbage.out silent.out half.out)" \
  $((seconds * 4000))
check "there were good clients" at_least $asked $((seconds / 4))
check "every one of them was answered" equals "$good of $asked" "$asked of $asked"
check "in a few seconds" at_least 5 \
  "$(sort -n latency | tail -n 1 | cut -d. -f1)"
memory=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$witness/status")
echo "# memory: $memory KiB at most"
check "memory stays small" at_least 300000 "$memory"
kill -TERM $witness
{ wait $witness; } 2>/dev/null
check "it ends well" equals "$?" 0
sed -n '$s/^/# /p' ready
check "the database is sound" equals "$(sql w.db 'PRAGMA integrity_check')" ok
check "all arrivals were stored, or are told as lost" equals "$(sql w.db \
  "SELECT lost_rows IS NOT NULL FROM witness_run")" 1
sql w.db "SELECT count(*), lost_rows FROM witness_arrival, witness_run" |
  sed 's/^/# arrivals, lost: /'
done_testing
