#!/usr/bin/env bash
#
# The lab does what its conditions say, seen from its hosts with curl and a
# program that holds connections.

set -u
lab=$TOP_SRCDIR/scripts/lab
hold=$TOP_BUILDDIR/tests/tools/hold

if ! reason=$("$lab" check 2>&1); then
  echo "1..0 # SKIP $reason"
  exit 0
fi
echo "1..29"

work=$(mktemp -d "${TMPDIR:-/tmp}/natdiff-lab-test.XXXXXX")
LAB_DIR=$work/lab
export LAB_DIR
cleanup() {
  "$lab" down
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

n=0
# check NAME COMMAND...
check() {
  local name=$1 out
  shift
  n=$((n + 1))
  if out=$("$@" 2>&1); then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    printf '%s\n' "$*" "$out" | sed 's/^/# /'
  fi
}

# equals A B
equals() {
  [ "$1" = "$2" ] || {
    echo "$1 is not $2"
    return 1
  }
}

# at_least A B
at_least() {
  [ "$1" -ge "$2" ] || {
    echo "$1 is less than $2"
    return 1
  }
}

# fetch HOST URL [OPTION...]: status and curl's exit status
fetch() {
  local host=$1 url=$2
  shift 2
  "$lab" exec "$host" -- curl -s -o /dev/null --cacert "$LAB_DIR/tls/ca.pem" \
    --max-time 3 -w '%{http_code} ' "$@" "$url"
  echo $?
}
api=https://api.lab.test/
control=https://control.lab.test:8443/

counter() {
  "$lab" counters | awk -v n="$1" '$1 == n { print $2 }'
}

started=$SECONDS
check "a lab comes up" "$lab" up --pool 32
check "in less than ten seconds" at_least 9 $((SECONDS - started))

# Forty at once through a pool of 32.  First of all: a port whose connection the
# edge closed is in TIME_WAIT there, and costs whoever meets it a SYN.
"$lab" exec nat -- timeout 6 "$hold" -n 40 -t 2500 198.51.100.10 443 \
  >"$work/hold" &
holder=$!
for _ in {1..100}; do
  [ ! -s "$work/hold" ] || break
  sleep 0.05
done
read -r _ connected _ starved _ _ _ retransmits <"$work/hold"
check "of 40 held connections 32 connect" equals "$connected" 32
check "and 8 starve" equals "$starved" 8
check "insert_failed is their SYNs" \
  equals "$(counter insert_failed)" $((retransmits + starved))
check "the table has 32 entries for the endpoint" \
  equals "$(counter entries:198.51.100.10:443)" 32
control_works() {
  equals "$(fetch nat $control)" "200 0"
}
check "the control endpoint still works" control_works
kill $holder 2>/dev/null
wait $holder 2>/dev/null

both_reach() {
  equals "$(fetch direct $api) $(fetch nat $api)" "200 0 200 0"
}
check "both hosts reach the edge" both_reach

leave_apart() {
  local h got=
  for h in direct nat; do
    got="$got $("$lab" exec $h -- curl -s http://whoami.lab.test/whoami)"
  done
  equals "$got" " 192.0.2.2 203.0.113.2"
}
check "their addresses differ" leave_apart

both_ways() {
  local by got=
  for by in direct0 nat0 10.2.0.2; do
    got="$got $("$lab" exec both -- curl -s -m 2 --interface $by \
      http://whoami.lab.test/whoami)"
  done
  equals "$got" " 198.18.0.2 203.0.113.2 203.0.113.2"
}
check "a host may have both ways out" both_ways

status_passes() {
  "$lab" exec nat -- sh -c 'cat >/dev/null; exit 7' </dev/null
  equals $? 7 || return 1
  equals "$(echo word | "$lab" exec nat -- cat)" word
}
check "exec passes input, output and the exit status" status_passes

logged_with_id() {
  fetch nat $api -H 'X-Request-Id: 0123456789abcdef' >/dev/null
  grep -q 'id=0123456789abcdef ' "$LAB_DIR/log/edge-access.log"
}
check "the edge's log has the attempt's id" logged_with_id

websocket() {
  "$lab" exec nat -- /usr/bin/python3 - "$LAB_DIR/tls/ca.pem" <<'END'
import asyncio, ssl, sys, websockets

async def main():
    context = ssl.create_default_context(cafile=sys.argv[1])
    for url in ("wss://api.lab.test/listen", "wss://ws.lab.test:9443/"):
        async with websockets.connect(url, ssl=context) as ws:
            await ws.send("word")
            assert await ws.recv() == "word"
            await asyncio.wait_for(await ws.ping(), 2)

asyncio.run(main())
END
}
check "WebSocket echoes, behind nginx and by itself" websocket

background_hold() {
  local got i
  # More than there are ports, as some may be in TIME_WAIT until a moment ago.
  "$lab" set pool 20 && "$lab" set hold 30 || return 1
  for i in 1 2 3; do
    got=$(fetch nat $api)
    [ "$got" != "000 28" ] || break
  done
  "$lab" set hold 0 && "$lab" set pool 32 || return 1
  equals "$got after $i" "000 28 after $i" || return 1
  equals "$(fetch nat $api)" "200 0"
}
check "hold keeps ports taken until it is set to 0" background_hold

# condition KEY VALUE NAT [DIRECT]: what the endpoint gives on each path
condition() {
  local got
  "$lab" set "$1" "$2" || return 1
  got="$(fetch nat $api), $(fetch direct $api), $(fetch nat $control)"
  "$lab" set "$1" "$neutral" || return 1
  equals "$got" "$3, ${4:-200 0}, 200 0" || return 1
  equals "$(fetch nat $api)" "200 0"
}
neutral=off
check "reset at connect: refused" condition reset connect "000 7"
check "reset at the ClientHello: TLS is cut off" condition reset hello "000 35"
check "block by reject: unreachable" condition block reject "000 7"
neutral=ok
check "a closed edge refuses both paths" condition edge closed "000 7" "000 7"
check "an edge may refuse the NAT's address" condition edge 429 "429 0"

dns_failures() {
  local how got=
  for how in fail refuse nxdomain; do
    "$lab" set dns $how || return 1
    got="$got $(fetch nat $api)"
  done
  "$lab" set dns silent
  got="$got $(fetch nat $api --max-time 1)"
  "$lab" set dns ok
  equals "$got, $(fetch nat $api)" " 000 6 000 6 000 6 000 28, 200 0"
}
check "DNS fails as asked" dns_failures

loses() {
  "$lab" set loss 30
  for _ in 1 2 3 4 5 6; do
    fetch nat "$control" >/dev/null
  done
  "$lab" set loss 0
  at_least "$(counter lost)" 1
}
check "loss loses packets" loses

half_open() {
  "$lab" exec edge -- ss -Htan state syn-recv
}

# The edge waits for the end of the handshake: the SYN came, its answer was
# lost.  It is sent again when nothing is.  By a port of its own, as one of the
# pool may be in TIME_WAIT at the edge, which answers a SYN with an ACK then.
loses_answers() {
  local fetching
  "$lab" set pool 0 && "$lab" set loss-in 100
  fetch nat "$control" --max-time 40 >"$work/fetched" &
  fetching=$!
  for _ in {1..200}; do
    [ -z "$(half_open)" ] || break
    sleep 0.1
  done
  half_open >"$work/half_open"
  "$lab" set loss-in 0
  wait "$fetching"
  at_least "$(wc -l <"$work/half_open")" 1 &&
    equals "$(cat "$work/fetched")" "200 0"
}
check "loss-in loses what comes back only" loses_answers

# A round trip through the forwarder and its absence, in us.
delays() {
  local us
  "$lab" set delay 20-30 || return 1
  us=$("$lab" exec nat -- curl -s -o /dev/null -w '%{time_connect}' \
    http://198.51.100.20/ | tr -d .)
  "$lab" set delay 0 || return 1
  at_least "$((10#$us))" 40000 || return 1
  equals "$(fetch nat $api)" "200 0"
}
check "a delay delays, and goes away" delays

# More connections than ports, one after another: with ports held down some
# starve, on any kernel.
holds_down() {
  local failed
  "$lab" set pool 4 && "$lab" set hold-down 8 || return 1
  # In one go, as the ports come back after 8 s; with time for the gateway to
  # see each one's end.
  # shellcheck disable=SC2016 # for the shell in there
  failed=$("$lab" exec nat -- sh -c 'for i in 1 2 3 4 5 6; do
    curl -s -f -o /dev/null --max-time 0.8 http://whoami.lab.test/whoami ||
      failed=$i
    sleep 0.4
  done
  echo "${failed:-0}"')
  "$lab" set hold-down 0 && "$lab" set pool 32 || return 1
  at_least "$failed" 5
}
check "hold-down keeps closed ports taken" holds_down

run_ends() {
  local inner=$work/inner status
  env -u LAB_DIR "$lab" run -d "$inner" --nat-hosts 2 --pool-per-host 4 -- \
    sh -c "$lab"' exec nat2 -- sleep 300 &
      '"$lab"' exec nat2 -- curl -s http://whoami.lab.test/whoami; exit 3'
  status=$?
  equals "$status" 3 || return 1
  [ ! -e "$inner" ]
}
check "run passes the exit status and leaves no folder" run_ends

# What is in the namespaces of a lab, by its list of them.
left_in() {
  find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%p %l\n' 2>/dev/null |
    grep -F "$1"
}

killed_run_ends() {
  local inner=$work/inner runner namespaces i
  env -u LAB_DIR "$lab" run -d "$inner" -- sleep 300 &
  runner=$!
  for ((i = 0; i < 200; i++)); do
    [ ! -e "$inner/edge/dns-nat.conf" ] || break
    sleep 0.1
  done
  namespaces=$(cat "$inner"/hosts/*/netns) || return 1
  left_in "$namespaces" >/dev/null || return 1
  kill -KILL "$runner"
  wait "$runner" 2>/dev/null
  for ((i = 0; i < 50; i++)); do
    left_in "$namespaces" >/dev/null || break
    sleep 0.1
  done
  ! left_in "$namespaces" || return 1
  "$lab" down -d "$inner" && [ ! -e "$inner" ]
}
check "a run that is killed leaves no process" killed_run_ends

refuses() {
  local out
  for out in "--pool many" "--dns maybe" "--loss 101" "--reset hello:x" \
    "--delay 5-1" "--nat-hosts 0" "--colour red" "--pool"; do
    # shellcheck disable=SC2086 # two words
    "$lab" run $out -- true 2>"$work/err"
    equals "$out: $? $(grep -c '^lab: ' "$work/err")" "$out: 2 1" || return 1
  done
}
check "bad conditions are refused in one line" refuses

namespaces=$(cat "$LAB_DIR"/hosts/*/netns)
down_ends() {
  "$lab" exec nat -- sleep 300 &
  sleep 0.2
  "$lab" down || return 1
  ! left_in "$namespaces"
}
check "down leaves no process" down_ends
no_mount() {
  ! grep -F "$work" /proc/self/mountinfo && [ ! -e "$LAB_DIR" ]
}
check "no mount and no folder" no_mount
