#!/usr/bin/env bash
#
# How soon a public port comes back, found beside the gateway's setting.  With
# NATDIFF_SOAK=yes also a hold-down of 30 s and a pool that is not filled.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
cd "$work" || exit 1

refuses() {
  local status
  "$probe" reuse "$@" >out 2>err
  status=$?
  equals "$status of $*" "2 of $*" && [ ! -s out ] && [ -s err ]
}
refuses_all() {
  local own=--i-own-this-endpoint a=https://127.0.0.1/
  refuses $a --control https://127.0.0.1:2/ &&
    refuses $own $a &&
    refuses $own $a --control https://127.0.0.1:2/ --max 4001 &&
    refuses $own $a --control https://127.0.0.1:2/ --wait 0 &&
    refuses $own $a --control https://127.0.0.1:2/ --wait 16m &&
    refuses --nonsense
}
check 'wrong usage is refused with status 2' refuses_all

start_lab --pool 32 --hold-down 10 --witness on
eval "$("$lab" info | grep -E '^(url_witness|url_witness_control|ca|address_a)=')"
# shellcheck disable=SC2154 # by what the lab says of itself
cat >lab.yaml <<END
agent: { database: $work/reuse.db }
paths:
  nat: { role: nat }
endpoints:
  own: { url: "$url_witness", ca: $ca, addresses: [ $address_a ] }
  control: { url: "$url_witness_control", ca: $ca, addresses: [ $address_a ], control: yes }
END
clean_gateway() { "$lab" exec gateway -- conntrack -F >/dev/null 2>&1; }
reuse() {
  clean_gateway
  "$lab" exec nat -- "$probe" reuse -c "$work/lab.yaml" --endpoint own \
    --i-own-this-endpoint --json "$@" >found 2>err
}
# of AFTER FILTER: of the line for that way of closing
of() { jq -c "select(.detail.after == \"$1\") | $2" found; }

# held SECONDS: found within a second of that; a machine that stands still
# can miss the moment: up to 3 tries
held() {
  local best
  for _ in 1 2 3; do
    reuse --wait $(($1 + 30))s
    best=$(of fin .best)
    [[ $best =~ ^[0-9]+$ ]] || continue
    if ((best >= ($1 - 1) * 1000000 && best <= ($1 + 1) * 1000000)); then
      break
    fi
  done
  equals "$(of fin "[.finding, (.best - $1 * 1000000 | fabs) <= 1000000]")" \
    '["after_fin",true]'
}
check 'a hold-down of 10 s after a FIN is found within a second' held 10
echo "# hold-down of 10 s: found $(of fin '[.low, .best, .high]') us"
check 'and its interval is shorter than that' equals \
  "$(of fin '[.high - .low <= 1000000, .detail.pool_filled]')" '[true,true]'

# A reset: the table's own setting, or sooner where the kernel takes entries of
# closed connections for new ones, which its search does not always meet.
close_s=$("$lab" exec gateway -- cat \
  /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close)
echo "# after a reset: found $(of reset '[.low, .best, .high]') us," \
  "the table's setting is $close_s s"
check "after a reset it is the table's own time, or hardly any" equals \
  "$(of reset "[.finding, .high <= 5000000 or
    ((.best - $close_s * 1000000) | fabs) <= 1000000]")" '["after_reset",true]'
check 'both results are in the database' equals \
  "$(sql reuse.db "SELECT group_concat(finding) FROM (SELECT * FROM measurement
     WHERE kind = 'reuse' ORDER BY id DESC LIMIT 2)")" "after_reset,after_fin"

"$lab" set pool 0
reuse --wait 20s
check 'a NAT that keeps the local port gives no estimate, and why' equals \
  "$(of fin '[.finding, .detail.reason, .best]')" \
  '["no_repeat_fin","local_port_kept",null]'
# Local ports outside of the pool cannot be kept.
"$lab" exec nat -- sysctl -qw net.ipv4.ip_local_port_range='50000 60999'
"$lab" set pool 20000
reuse --wait 20s
check 'nor does a pool far larger than what is opened' equals \
  "$(of fin '[.finding, .detail.reason, .best]')" \
  '["no_repeat_fin","pool_too_large",null]'

# Both while it waits for ports of a full pool.
"$lab" set pool 32
clean_gateway
background "$lab" exec nat -- "$probe" reuse -c "$work/lab.yaml" --json \
  --endpoint own --i-own-this-endpoint --database int.db >found 2>err
interrupted=$!
sleep 2
kill -INT "$interrupted"
wait "$interrupted"
check 'Ctrl-C ends it, and the result says so' equals \
  "$? $(jq -r .ended_how found | xargs)" '1 interrupted interrupted'
check 'in the database as well' equals \
  "$(sql int.db 'SELECT group_concat(ended_how) FROM measurement')" \
  interrupted,interrupted
clean_gateway
background "$lab" exec nat -- "$probe" reuse -c "$work/lab.yaml" --json \
  --endpoint own --i-own-this-endpoint >found 2>err
harmful=$!
sleep 2
"$lab" exec gateway -- nft add rule ip lab forward tcp dport 7444 \
  reject with tcp reset
wait "$harmful"
check 'when the control fails it stops' equals \
  "$? $(jq -r '.ended_how, .detail.reason' found | xargs)" \
  '1 stopped control_failed stopped control_failed'
"$lab" set block off

if [ -n "${NATDIFF_SOAK:-}" ]; then
  "$lab" set hold-down 30
  check 'a hold-down of 30 s after a FIN is found within a second' held 30
  echo "# hold-down of 30 s: found $(of fin '[.low, .best, .high]') us"
  "$lab" set pool 1000
  "$lab" set hold-down 10
  reuse --max 300 --wait 20s
  echo "# pool of 1000, not filled: found $(of fin '[.low, .best, .high]') us"
  check 'a pool that is not filled gives bounds that hold 10 s' equals \
    "$(of fin '[.finding, .high >= 9900000, (.low // 0) <= 10100000]')" \
    '["after_fin",true,true]'
fi
done_testing
