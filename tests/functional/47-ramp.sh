#!/usr/bin/env bash
#
# How many connections there is room for, found beside what is true: pools of
# the lab's gateway, its whole table, and the limits of the host itself.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
cd "$work" || exit 1

refuses() {
  local status
  "$probe" ramp "$@" >out 2>err
  status=$?
  equals "$status of $*" "2 of $*" && [ ! -s out ] && [ -s err ]
}
refuses_all() {
  local own=--i-own-this-endpoint a=https://127.0.0.1/
  refuses $a --control https://127.0.0.1:2/ && grep -q -e $own err &&
    refuses $own $a && grep -q -e --control err &&
    refuses $own $a --control $a &&
    refuses $own $a --control https://127.0.0.1:2/ --max 0 &&
    refuses $own $a --control https://127.0.0.1:2/ --max 64513 &&
    refuses $own $a --control https://127.0.0.1:2/ --path other &&
    refuses $own ftp://127.0.0.1/ --control $a &&
    refuses $own -c missing.yaml && refuses --nonsense
}
check 'wrong usage is refused with status 2' refuses_all
two_ports() {
  "$probe" ramp --i-own-this-endpoint --database two.db https://127.0.0.1:2/ \
    --control https://127.0.0.1:1/ >out 2>err
  equals "$?" 1 &&
    contains "$(cat out)" "the control 127.0.0.1:1 does not work"
}
check 'URLs with an address differ by their ports' two_ports

start_lab --pool 32 --witness on
eval "$("$lab" info | grep -E '^(url_https|url_wss|url_control|url_witness|ca|address_a)=')"
# shellcheck disable=SC2154 # by what the lab says of itself
cat >lab.yaml <<END
agent: { database: $work/ramp.db }
paths:
  nat: { role: nat }
  direct: { role: direct }
endpoints:
  own: { url: "$url_https", ca: $ca, addresses: [ $address_a ] }
  told: { url: "$url_witness", ca: $ca, addresses: [ $address_a ] }
  socket: { url: "$url_wss", ca: $ca, addresses: [ $address_a ] }
  control: { url: "$url_control", ca: $ca, addresses: [ $address_a ], control: yes }
END

# ramp HOST ARGUMENT...: one, whose JSON goes to `found`
ramp() {
  local host=$1
  shift
  "$lab" exec "$host" -- "$probe" ramp -c "$work/lab.yaml" \
    --i-own-this-endpoint --json --path nat --endpoint own "$@" \
    >found 2>err
}
found() { jq -c "$1" found; }

# What earlier connections left at the gateway is gone.
clean_gateway() { "$lab" exec gateway -- conntrack -F >/dev/null 2>&1; }

# pool SIZE ARGUMENT...
pool() {
  "$lab" set pool "$1" && clean_gateway && ramp nat "${@:2}" &&
    echo "# pool of $1: found $(found '[.finding, .low, .best, .high]')" >&3
}
exec 3>&1

# exactly SIZE ARGUMENT...: a machine that stands still for a second makes SYNs
# be sent again, which is what a full pool does: up to 3 tries.
exactly() {
  local i
  for i in 1 2 3; do
    pool "$@"
    [ "$(found '[.low, .best, .high]')" != "[$1,$1,$1]" ] || break
  done
  equals "$(found '[.ended_how, .finding, .low, .best, .high]')" \
    "[\"finished\",\"destination_limit\",$1,$1,$1]"
}
check 'a pool of 32 ports is found exactly' exactly 32 --endpoint told
check 'the far end tells the ports of the pool' equals \
  "$(found '[.detail.observed[] | [.ports, .first, .last]]')" \
  '[[32,20000,20031]]'
check 'a known limit of that size is named, with its source' equals \
  "$(found '[.detail.limits[] | select(.provider == "azure-lb")
     | .value, (.source | length > 10)] | unique')" '[true,32]'
check 'the control worked meanwhile' equals "$(found .detail.control_failed)" 0
# It holds no port longer than after a reset.
left() {
  "$lab" exec gateway -- conntrack -L -p tcp 2>/dev/null |
    grep 'dport=7443 ' | awk '{ print $4 }' | sort -u
}
closed_by_reset() {
  local i
  for i in $(seq 50); do
    case $(left) in
    '' | CLOSE) return 0 ;;
    esac
    sleep 0.2
  done
  echo "after $i tries there are $(left)"
  return 1
}
check 'all connections were closed by a reset' closed_by_reset
check 'a pool of 100 ports is found exactly, over WebSocket' \
  exactly 100 --endpoint socket
for _ in 1 2 3; do
  pool 1000
  [ "$(found '.low >= 800')" != true ] || break
done
check 'of a pool of 1000 the interval holds the size' equals \
  "$(found '[.finding, .low <= 1000, .high >= 1000, .best <= 1000]')" \
  '["destination_limit",true,true,true]'
# Linux begins to refuse at 89 to 96 % of it: where it first did is known from
# the tries themselves, and it is not the end.
check 'and where the search for ports begins to give up' equals \
  "$(found '[.low >= 800, .low <= 1000, .best >= 960]')" '[true,true,true]'

"$lab" set pool 0
clean_gateway
ramp nat --max 40
check 'without a limit it is at least --max' equals \
  "$(found '[.finding, .low, .high]')" '["no_limit",40,null]'
check 'a row a result is in the database' equals \
  "$(sql ramp.db "SELECT path, role, kind, finding, best, high, destination
     FROM measurement ORDER BY id DESC LIMIT 1")" \
  "nat|nat|ramp|no_limit|40||$address_a:443"

clean_gateway
"$lab" set block drop
ramp nat
status=$?
"$lab" set block off
check 'where nothing gets through it is inconclusive, no limit of 0' equals \
  "$status $(found '[.finding, .best]')" '1 ["inconclusive",0]'
"$lab" set edge 403
ramp nat --endpoint socket
"$lab" set edge ok
check 'a far end that refuses is told apart' equals \
  "$(found '[.finding, .best, .detail.failed.denied > 0]')" '["far_end",0,true]'

limited() {
  # shellcheck disable=SC2016 # expanded there
  "$lab" exec nat -- bash -c "$1"' && shift && exec "$@"' limited "$1" \
    "$probe" ramp -c "$work/lab.yaml" --i-own-this-endpoint --path nat \
    --endpoint own --json >found 2>err
}
limited 'ulimit -n 100'
check 'this host has too few descriptors: at least so many' equals \
  "$(found '[.finding, .low, .high]')" '["host_limit",68,null]'
clean_gateway
limited 'sysctl -qw net.ipv4.ip_local_port_range="40000 40049"'
check 'this host has too few ports: at least so many' equals \
  "$(found '[.finding, .low, .high]')" '["host_limit",50,null]'
"$lab" exec nat -- sysctl -qw net.ipv4.ip_local_port_range='32768 60999'

# but_first N: of SYNs, all behind so many
but_first() { echo "limit rate over 1/day burst $1 packets"; }
# dropping CONTROL DESTINATION ARGUMENT...: a ramp where the gateway drops such
# SYNs to the one and to the other.
dropping() {
  local syn='tcp flags & (syn | ack) == syn'
  clean_gateway
  "$lab" exec gateway -- nft -f - <<END || return
table inet ramptest {
  chain forward {
    type filter hook forward priority 0
    tcp dport 8443 $syn $1 drop
    tcp dport 443 $syn $2 drop
  }
}
END
  ramp nat "${@:3}"
  "$lab" exec gateway -- nft delete table inet ramptest
}
control_goes() {
  dropping "$(but_first 1)" "$(but_first 1000)" --max 40
  equals "$(found '[.ended_how, .finding, .best, .detail.failed,
    .detail.control_checks, .detail.control_failed]')" \
    '["stopped","inconclusive",16,{},3,2]'
}
check 'a control that is gone while tries come through is no limit' control_goes
no_more_than_max() {
  dropping "$(but_first 1)" "$(but_first 1000)" --max 10
  equals "$(found '[.finding, .best, .detail.tries]')" '["inconclusive",10,10]'
}
check 'nor are there more tries than asked for' no_more_than_max
# The step, and a try more; where a SYN was sent again, not even that.
room_for_one() {
  dropping "$(but_first 1)" "$(but_first 9)"
  equals "$(found '[.ended_how, .finding, .best >= 8, .best <= 9, .detail.tries <= 10,
    .detail.failed.starved]')" '["stopped","total_limit",true,true,true,1]'
}
check 'where the second try more fails it is one' room_for_one
# Each first SYN to the control is lost, as in a table with room now and then.
late_control() {
  dropping 'numgen inc mod 2 == 0' "$(but_first 12)"
  equals "$(found '[.ended_how, .finding, .best >= 10, .best <= 12, .detail.control_failed]')" \
    '["stopped","total_limit",true,true,0]'
}
check 'so is one where the control is answered late' late_control

interrupted() {
  "$lab" exec nat -- bash -c 'echo $$ >pid; exec "$@"' run "$probe" ramp \
    -c lab.yaml --i-own-this-endpoint --path nat --endpoint own \
    --max 60000 --json >found 2>err &
  local run=$! i
  for i in $(seq 100); do
    [ ! -s pid ] || break
    sleep 0.1
  done
  sleep 1
  "$lab" exec nat -- kill -INT "$(cat pid)"
  wait "$run"
  equals "$? $(found '[.ended_how, .finding]')" \
    '1 ["interrupted","inconclusive"]'
}
clean_gateway
check 'Ctrl-C ends it, and the result says so' interrupted

# A table that has room for some only: everything suffers.
# shellcheck source=tests/lab/lib.sh
out=$work
mkdir -p raw
eval "$(sed -n '/^on()/,/^}/p; /^fill_table()/,/^}/p' \
  "$TOP_SRCDIR/tests/lab/lib.sh")"
clean_gateway
if fill_table gateway 40; then
  ramp nat
  echo "# table with room for 40: found $(found '[.finding, .best]')"
  check 'a full table is told apart: the control suffers too' equals \
    "$(found '[.ended_how, .finding, .best > 10, .best <= 45]')" \
    '["stopped","total_limit",true,true]'
  # Room for a first look at the control and the first step: no try fails, but
  # the next look does, for 10 s.  After these the kernel forgets the first,
  # which was closed: in one of six tables or so there is room for one try more.
  # And sometimes before: then a second step fails as a whole.
  just_full() {
    local i out=$work
    for i in 1 2 3; do
      clean_gateway
      fill_table gateway 9 && ramp nat
      equals "$(found '[.ended_how, .finding]')" '["stopped","total_limit"]' ||
        return
      [ "$(found .detail.failed.starved)" != 1 ] || return 0
    done
    echo "in $i tries more than one was refused"
    return 1
  }
  check 'so it is where there is room for just a step' just_full
else
  for name in 'a full table is told apart: the control suffers too' \
    'so it is where there is room for just a step'; do
    skip "$name" 'the table of this kernel cannot be filled'
  done
fi
done_testing
