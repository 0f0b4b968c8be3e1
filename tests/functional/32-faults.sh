#!/usr/bin/env bash
#
# Calls that fail, one at a time, in the programs that ship: each of them ends
# by itself, with one clear message where it cannot do its work, and nothing
# that was committed is lost.  See tests/tools/faults.c.
#
# FAULTS_ALL=yes lets every call fail once, else a sample of them does.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
export TMPDIR=$work # where they end for want of memory, folders of theirs stay
faulty_probe=$tools/faulty_probe
faulty_report=$tools/faulty_report

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
background "$tools/badserver" -c cert.pem -k key.pem >ports
for _ in $(seq 100); do
  grep -q '^$' ports && break
  sleep 0.1
done
port() { awk -v name="$1" '$1 == name { print $2 }' ports; }

# config INTERVAL: both paths, all kinds of endpoints
config() {
  cat <<END
agent: { database: natdiff.db }
paths: { direct: { role: direct }, nat: { role: nat, source: 127.0.0.1 } }
endpoints:
  tls: { url: "https://localhost:$(port https-ok)/", ca: ../cert.pem,
    record: [ server ] }
  ws: { url: "wss://localhost:$(port https-ws)/", ca: ../cert.pem,
    addresses: [ 127.0.0.1 ] }
  plain: { url: "http://localhost:$(port http-ok)/",
    addresses: [ 127.0.0.1 ], control: yes }
schedule: { interval: $1, port-budget: 100000 }
timeouts: { dns: 5s, connect: 5s, tls: 5s, request: 5s, done: 5s }
END
}
config 1s >once.yaml
config 200ms >short.yaml

# ------------------------------------------------------------ one fault each

# A fault's folder is the current one: log, out and err are the program's.

# run_faulty CALL:N COMMAND...: $status
run_faulty() {
  local fault=$1
  shift
  NATDIFF_FAULT=$fault NATDIFF_FAULT_LOG=log \
    timeout -s KILL 60 "$@" >out 2>err
  status=$?
}

# It ended by itself, and said why where it did not do its work.
ended_well() {
  local said lines
  case $status in
  0) ;;
  1) ;;
  *)
    echo "status $status"
    return 1
    ;;
  esac
  said=$(grep -v ': warning: ' err)
  lines=$(grep -c . <<<"$said")
  if [ "$status" = 1 ] && [ "$lines" -eq 0 ]; then
    echo 'status 1 without a word'
    return 1
  fi
  # Trouble, and how it ended: a line each.
  if [ "$lines" -gt 2 ] || grep -qv '^natdiff\|^$' <<<"$said"; then
    echo "no clear message: $said"
    return 1
  fi
}

# What was committed before is there; all of this run where it says so.
has_all() {
  local rows
  [ -s natdiff.db ] || return 0
  rows=$(sqlite3 natdiff.db "PRAGMA integrity_check") &&
    equals "$rows" ok || return 1
  rows=$(sqlite3 -cmd "ATTACH 'file:../base.db?immutable=1' AS old" natdiff.db "SELECT count(*) FROM attempt a JOIN old.attempt o
      USING (attempt_id, total_us)") || return 1
  [ ! -e is_old ] || equals "$rows" "$base_rows"
}
# A run without a complaint has stored all that it did.
has_run() {
  [ "$status" -eq 0 ] || return 0
  equals "$(sqlite3 natdiff.db "SELECT sum(fired > 0), sum(fired = (SELECT
        count(*) FROM attempt WHERE run_id = run.id)), sum(lost_rows),
      group_concat(ended_how) FROM (SELECT * FROM run ORDER BY id DESC LIMIT 2)
      AS run")" '2|2|0|finished,finished'
}

# fault_once, fault_new, fault_short, fault_diff ...: $1 is the fault
fault_once() {
  cp ../base.db natdiff.db && : >is_old
  run_faulty "$1" "$faulty_probe" run -c ../once.yaml --once
  ended_well && has_all && has_run
}
fault_new() {
  run_faulty "$1" "$faulty_probe" run -c ../once.yaml --once
  ended_well && has_all && has_run && goes_on
}
fault_short() {
  cp ../base.db natdiff.db && : >is_old
  run_faulty "$1" "$faulty_probe" run -c ../short.yaml --slots 3 --json
  ended_well && has_all && has_run && goes_on
}
# The next run finds a database that it can go on with.
goes_on() {
  "$probe" run -c ../once.yaml --once 2>err && status=0 && has_all && has_run
}

# Output that was to be whole is whole, or not there.  The temporary file of
# a program that has no memory to end in order may be left.
whole_or_none() {
  if [ "$status" -eq 0 ]; then
    [ -s "$1" ]
  elif grep -q '^natdiff: out of memory' err; then
    [ ! -e "$1" ]
  else
    equals "$(ls -d "$1"* 2>/dev/null)" ''
  fi
}
fault_diff() {
  cp ../base.db old.db
  run_faulty "$1" "$faulty_report" diff old.db
  ended_well && { [ "$status" -eq 1 ] || grep -q attempts out; }
}
fault_html() {
  cp ../base.db old.db
  run_faulty "$1" "$faulty_report" diff --format html -o r.html old.db
  ended_well && whole_or_none r.html
}
fault_bundle() {
  cp ../base.db old.db
  run_faulty "$1" "$faulty_report" bundle -o b.tar.gz old.db
  ended_well && whole_or_none b.tar.gz
}
fault_import() {
  cp ../base.db natdiff.db && : >is_old
  run_faulty "$1" "$faulty_report" import gcp-nat "$events" --into natdiff.db
  ended_well && [ "$(whole_import)" ] || return 1
  "$report" import gcp-nat "$events" --into natdiff.db >out 2>err &&
    equals "$(whole_import)" all && has_all
}
# All of the file, or nothing.
whole_import() {
  case $(sqlite3 natdiff.db 'SELECT count(*) FROM gateway_event') in
  0) echo none ;;
  "$events_rows") echo all ;;
  esac
}

# fault WHAT CALL N: a line of results
fault() {
  local folder=$1-$2-$3 said verdict=ok status=0
  mkdir "$folder" && cd "$folder" || exit
  said=$("fault_$1" "$2:$3" 2>&1) || verdict=bad
  grep -qs '^struck' log || verdict=${verdict/ok/missed}
  echo "$verdict $1 $2:$3 ${said//$'\n'/; }" >>../results
  cd .. && { [ "$verdict" = bad ] || rm -rf "$folder"; }
}

# --------------------------------------------------------------------- sweeps

# sample N MAX: at most MAX numbers of 1 to N, spread over them
sample() {
  if [ -n "${FAULTS_ALL:-}" ] || [ "$1" -le "$2" ]; then
    seq "$1"
  else
    awk -v n="$1" -v max="$2" 'BEGIN {
      for (i = 0; i < max; i++) print int(1 + i * (n - 1) / (max - 1))
    }'
  fi
}

# calls WHAT CALL: how many there are without a fault
calls() { awk -v call="$2" '$1 == call { print $2 }' "count-$1"; }

# sweep WHAT CALL MAX
sweep() {
  local n
  n=$(calls "$1" "$2")
  for n in $(sample "$n" "$3"); do
    echo "$1 $2 $n"
  done >>plan
}

no_faults() {
  local what
  for what in "$@"; do
    mkdir "none-$what"
    (cd "none-$what" && "fault_$what" malloc:999999999 &&
      [ "$status" -eq 0 ] && cp log "../count-$what") || return 1
  done
}

swept() {
  local bad
  bad=$(grep "^bad $1 $2:" results)
  [ -z "$bad" ] || {
    echo "$bad"
    return 1
  }
  at_least "$(grep -c "^ok $1 $2:" results)" 1
}

events=$TOP_SRCDIR/tests/data/import/gcp/A0.json
"$report" import gcp-nat "$events" --into events.db >/dev/null || exit 1
events_rows=$(sql events.db 'SELECT count(*) FROM gateway_event')
mkdir base
(cd base && for _ in 1 2 3; do
  "$probe" run -c ../once.yaml --once --database ../base.db || exit
done 2>err) || { sed "s/^/# /" base/err; exit 1; }
base_rows=$(sql base.db 'SELECT count(*) FROM attempt')
export work faulty_probe faulty_report events events_rows base_rows
export -f run_faulty ended_well has_all has_run goes_on whole_or_none whole_import \
  fault_once fault_new fault_short fault_diff fault_html fault_bundle \
  fault_import fault equals

all=(once new short diff html bundle import)
check 'without a fault all of it works' no_faults "${all[@]}"
[ -e count-import ] || {
  echo 'Bail out! nothing to compare with'
  exit 1
}
for call in socket getsockname pthread_create; do
  sweep once $call 6
done
sweep once malloc 12
sweep new malloc 12
sweep new fsync 6
sweep new sqlite 20
sweep once sqlite 12
sweep short malloc 6
sweep short fsync 4
sweep short sqlite 12
sweep short socket 4
sweep short getsockname 4
sweep diff malloc 12
sweep html malloc 6
sweep html write 4
sweep html fsync 1
sweep bundle malloc 6
sweep bundle write 4
sweep bundle fsync 1
sweep import malloc 10
sweep import fsync 4
sweep import sqlite 12
full() {
  "$probe" run -c here.yaml --slots 2 --json --database full.db \
    >/dev/full 2>err
  equals "$? $(grep -v ': warning: ' err)" \
    "1 natdiff-probe: standard output: No space left on device" &&
    equals "$(sql full.db "SELECT count(*) >= 12,
      count(*) - (SELECT sum(fired) FROM run) FROM attempt")" "1|0"
}
sed 's,\.\./cert,cert,' short.yaml >here.yaml
check 'standard output that is full: told once, and all is stored' full
# From one call on nothing works.
for what in socket:1 getsockname:1 fsync:1 sqlite:60 sqlite:150; do
  echo "once ${what/:/ }+"
done >>plan
: >results
xargs -P 4 -L 1 bash -c 'fault "$@"' - <plan
while read -r what call; do
  check "$what, where $call fails" swept "$what" "$call"
done < <(awk '!seen[$1, $2]++ { print $1, $2 }' plan)
echo "# $(wc -l <results) faults in $SECONDS s"
done_testing
