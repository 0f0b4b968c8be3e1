#!/usr/bin/env bash
#
# The wall clock steps by an hour, forward and back, under a running probe: it
# goes on in the slots of the new time, for as long as it was asked to, and
# says by how much the clock stepped.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

faketime=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1
[ -e "$faketime" ] || skip_all "missing: $faketime (Debian: libfaketime)"

background "$tools/badserver" >ports
for _ in $(seq 100); do
  grep -q '^$' ports && break
  sleep 0.1
done
cat >natdiff.yaml <<END
paths: { direct: { role: direct } }
endpoints:
  plain: { url: "http://127.0.0.1:$(awk '$1 == "http-ok" { print $2 }' ports)/" }
schedule: { interval: 500ms, port-budget: 100000 }
timeouts: { dns: 2s, connect: 2s, tls: 2s, request: 2s, done: 2s }
END

# clock NAME SECONDS: that probe's clock is so far from the right time
clock() {
  echo "$2" >"$1.new"
  mv "$1.new" "$1.clock"
}
export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
# The address sanitizer asks for the time where it allocates, and libfaketime
# allocates where it is first asked: whether they wait for each other depends
# on sizes as that of the program's name.
clock none +0
if nm "$probe" 2>/dev/null | grep -q __asan_init &&
  ! FAKETIME_TIMESTAMP_FILE=$PWD/none.clock LD_PRELOAD=$faketime \
    timeout -k 1 10 "$probe" --version >/dev/null 2>&1; then
  skip_all "libfaketime and this address sanitizer wait for each other"
fi
# start NAME [OPTION...]: a probe in the background, $pid
start() {
  local name=$1
  shift
  clock "$name" +0
  background env LD_PRELOAD="$faketime" FAKETIME_TIMESTAMP_FILE="$PWD/$name.clock" \
    "$probe" run -c natdiff.yaml --database "$name.db" --json "$@" \
    >"$name.jsonl" 2>"$name.err"
  pid=$!
}
# fires NAME SECONDS: attempts come that began about so far from now
fires() {
  local i now
  for i in $(seq 300); do
    printf -v now '%(%s)T'
    if jq -e -n --argjson at $((now + $2)) '[inputs | .slot / 2 - $at |
        select(. > -60 and . < 60)] | length >= 3' "$1.jsonl" >/dev/null 2>&1
    then return 0; fi
    sleep 0.1
  done
  tail -n 3 "$1.jsonl"
  return 1
}
# ended PID: within a minute and a half; $status
ended() {
  local i
  for i in $(seq 900); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null
  { wait "$1"; } 2>/dev/null
  status=$?
}

start on
on=$pid
start forth --duration 40s
forth=$pid
start back --duration 40s
back=$pid
# Where in its quarter of a second the clock steps is chance.
chances=()
for i in 1 2 3 4 5; do
  start "chance$i" --duration 40s
  chances+=("$pid")
done
check "attempts come" fires on 0
check "from all" fires forth 0
check "of them" fires back 0
clock on +3600
clock forth +3600
clock back -3600
for i in 1 2 3 4 5; do
  clock "chance$i" +3600
done
check "an hour forward: attempts go on in slots of the new time" fires on 3600
check "also where there is an end" fires forth 3600
check "an hour back: attempts go on in slots of the new time" fires back -3600
clock on -3600
check "two hours back at once: they go on" fires on -3600
clock on +0
before=$(wc -l <on.jsonl)
goes_on() {
  local i
  for i in $(seq 300); do
    [ "$(wc -l <on.jsonl)" -lt $((before + 3)) ] || return 0
    sleep 0.1
  done
  return 1
}
check "and when the clock is right again" goes_on
kill -TERM "$on"
ended "$on"
check "it ends well" equals "$status" 0
ended "$forth"
check "a duration ends, though the clock went forward" equals "$status" 0
ended "$back"
check "and does not take an hour more where it went back" equals "$status" 0

for pid in "${chances[@]}"; do
  ended "$pid"
done
# The greatest step, to the second; nothing is lost.
for name in "on 7200" "forth 3600" "back 3600" chance{1..5}\ 3600; do
  read -r name step <<<"$name"
  check "$name: the step is recorded, and every attempt stored" equals \
    "$(sql "$name.db" "SELECT abs(abs(clock_step_us) - $step * 1000000) < 1000000,
      lost_rows, fired = (SELECT count(*) FROM attempt) FROM run")" '1|0|1'
  check "$name: without a word" \
    equals "$(grep -v ': warning: ' "$name.err")" ''
done
done_testing
