#!/usr/bin/env bash
#
# The probe is ended at random moments under load.  After SIGKILL its database
# is sound and has all that the far end logged up to a second before; after
# SIGINT and SIGTERM it has everything.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

rounds=20
at_once=5
opening=10
RANDOM=62

authority ca
certificate server DNS:localhost ca ec -days 30
read -r port silent < <(free_ports 2)

cat >nginx.conf <<END
$(nginx_main)
  log_format ids '\$msec \$http_x_request_id \$uri';
  access_log access.log ids;
  server {
    listen 127.0.0.1:$port ssl backlog=1024;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    location / { return 200 "ok\n"; }
    location /slow { proxy_pass http://127.0.0.1:$silent; }
  }
}
END
nginx -p "$work" -c nginx.conf -t 2>nginx.err || {
  sed 's/^/# /' nginx.err
  exit 1
}
background nginx -p "$work" -c nginx.conf
nginx_pid=$!

# Takes connections and says nothing.
background /usr/bin/python3 -c "import socket, signal
s = socket.create_server(('127.0.0.1', $silent), backlog=1024)
signal.pause()"
wait_for_port "$port" && wait_for_port "$silent" || exit 1

# config NAME [PATH]: 40 attempts a second
config() {
  cat <<END
agent: { database: $1.db }
paths: { direct: { role: direct } }
endpoints:
  busy: { url: "https://localhost:$port/$1", ca: ca.pem, addresses: [127.0.0.1] }
${2:+  slow: { url: "https://localhost:$port/$2", ca: ca.pem, addresses: [127.0.0.1] \}}
schedule: { interval: 1s, burst: 40, port-budget: 100000 }
timeouts: { dns: 1s, connect: 5s, tls: 5s, request: 20s, done: 5s }
END
}

# start NAME [PATH]: a probe in the background, $pid
start() {
  config "$@" >"$1.yaml"
  background "$probe" run -c "$1.yaml" 2>"$1.err"
  pid=$!
}

# wait_for_request NAME: until the far end has logged one
wait_for_request() {
  local i
  for i in $(seq 200); do
    grep -q " /$1\$" access.log && return
    sleep 0.05
  done
  echo "# $1: no request in the log after $i looks" >&2
  return 1
}

# ended PID...: waits for them, without the shell's own remarks; $status is
# that of the last
ended() {
  { wait "$@"; } 2>/dev/null
  status=$?
}

# kill_after NAME PID MS: a while after its first request
kill_after() {
  wait_for_request "$1"
  sleep "$(printf '%d.%03d' $(($3 / 1000)) $(($3 % 1000)))"
  echo "$EPOCHREALTIME" >"$1.killed_at"
  kill -KILL "$2"
}

# logged NAME BEFORE: ids of the requests that were logged before that time
logged() {
  awk -v uri="/$1" -v before="$2" \
    '$3 == uri && $1 < before { print $2 }' access.log | sort
}

stored() {
  sql "$1.db" "SELECT lower(hex(attempt_id)) FROM attempt" | sort
}

# survives NAME: the database of a killed probe
survives() {
  local name=$1 limit
  limit=$(awk '{ printf "%.3f", $1 - 1 }' "$name.killed_at")
  equals "$(sql "$name.db" 'PRAGMA integrity_check')" ok || return 1
  equals "$(sql "$name.db" "SELECT coalesce(ended_how, 'killed') FROM run")" \
    killed || return 1
  stored "$name" >"$name.stored"
  logged "$name" "$limit" >"$name.logged"
  equals "$(comm -13 "$name.stored" "$name.logged")" ""
}

# ---------------------------------------------------------------- SIGKILL

for ((first = 1; first <= rounds; first += at_once)); do
  pids=() killers=()
  for ((i = first; i < first + at_once; i++)); do
    delay=$((400 + RANDOM % 1200))
    start "round$i"
    pids+=("$pid")
    kill_after "round$i" "$pid" $delay &
    killers+=($!)
    echo $delay >"round$i.delay"
  done
  ended "${killers[@]}" "${pids[@]}"
done

# lost NAME: how old the oldest request was that is not in its database
lost() {
  logged "$1" 9999999999 | comm -13 "$1.stored" - >"$1.lost"
  awk -v killed="$(cat "$1.killed_at")" \
    'NR == FNR { lost[$1]; next } $2 in lost { print killed - $1; exit }' \
    "$1.lost" access.log
}

older=0
for ((i = 1; i <= rounds; i++)); do
  check "killed $(cat "round$i.delay") ms after its first request" \
    survives "round$i"
  older=$((older + $(wc -l <"round$i.logged")))
  lost "round$i" >>ages
done
sort -n ages | sed -n '$s/.*/# the oldest that a kill lost was & s old/p'
echo "# $older requests were older than a second"
check "there was something to lose" at_least "$older" 50

goes_on() {
  "$probe" run -c round1.yaml --once || return 1
  equals "$(sql round1.db 'SELECT count(*), max(ended_how) FROM run')" \
    "2|finished"
}
check "the next run goes on with the same database" goes_on

# Killed while the database is made.
for ((i = 1; i <= opening; i++)); do
  start "opening$i"
  sleep "$(printf '0.%03d' $((i * 60 / opening)))"
  kill -KILL "$pid"
  ended "$pid"
done
opens_again() {
  local i
  for ((i = 1; i <= opening; i++)); do
    "$probe" run -c "opening$i.yaml" --once &
    pids[i]=$!
  done
  for ((i = 1; i <= opening; i++)); do
    wait "${pids[i]}" || return 1
    equals "$(sql "opening$i.db" "PRAGMA integrity_check;
      SELECT count(*) FROM attempt WHERE failure IS NULL")" "ok
40" || return 1
  done
}
pids=()
check "killed while it opens its database, the next run makes it whole" \
  opens_again

# ---------------------------------------------------------- SIGINT, SIGTERM

for signal in INT TERM; do
  start "told$signal" slow
  wait_for_request "told$signal"
  sleep 0.7
  kill "-$signal" "$pid"
  before=$SECONDS
  ended "$pid"
  check "SIG$signal ends it with status 0" equals "$status" 0
  check "at once" at_least 2 $((SECONDS - before))
  check "and without a word" \
    equals "$(grep -v ': warning: ' "told$signal.err")" ""
done

# Its log is complete when nginx has ended.
kill -QUIT "$nginx_pid"
ended "$nginx_pid"
for signal in INT TERM; do
  name=told$signal
  check "SIG$signal: the run says that it was interrupted" equals \
    "$(sql "$name.db" "SELECT ended_how, ended_at >= started_at, lost_rows FROM run")" \
    "interrupted|1|0"
  check "SIG$signal: what was fired is there, in flight or not" equals \
    "$(sql "$name.db" "SELECT fired - (SELECT count(*) FROM attempt) FROM run")" 0
  check "SIG$signal: what was in flight was interrupted" equals \
    "$(sql "$name.db" "SELECT count(*) > 0, min(failure), max(failure),
         sum(failed_phase = 'request' AND request_us > 0) > 0,
         sum(total_us IS NULL)
       FROM attempts WHERE endpoint = 'slow'")" \
    "1|interrupted|interrupted|1|0"
  stored "$name" >>told.stored
  logged "$name" 9999999999 >>told.logged
done
logged slow 9999999999 >>told.logged
check "all that the far end logged is there" \
  equals "$(sort told.logged | comm -23 - <(sort told.stored))" ""
done_testing
