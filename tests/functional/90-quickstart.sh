#!/usr/bin/env bash
#
# The quickstart, shortened: a NAT whose ports run out and one with enough.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
unset LAB_DIR
export TMPDIR=$work
quickstart=$TOP_SRCDIR/scripts/quickstart

# quick NAME [OPTION...]: its report is NAME/report.json
quick() {
  local name=$1
  shift
  "$quickstart" --programs "$TOP_BUILDDIR" --data "$work/$name" "$@" \
    >"$work/$name.out" 2>&1 || {
    cat "$work/$name.out"
    return 1
  }
}

# of NAME EXPRESSION: of its report, for the endpoint under load and its paths
of() {
  jq -r 'def busy: .endpoints[] | select(.name == "https");
    def path($role): .paths[] | select(.role == $role);
    '"$2" "$work/$1/report.json"
}

refused() {
  local out status
  out=$("$quickstart" "$@" 2>&1 >/dev/null)
  status=$?
  equals "$status $(wc -l <<<"$out")" "2 1"
}
check "a pool that is no number is refused in a line" refused --pool many
check "so is an option that does not exist" refused --nonsense

check "it runs with 32 ports" quick small --slots 12
check "the direct path is clean" equals \
  "$(of small '[.endpoints[] | path("direct") | .failed,
     .syn_retransmits.attempts_with] | add')" 0
check "the NAT path fails under load" at_least \
  "$(of small 'busy | path("nat").failed')" 3
check "by connect_timeout alone" equals \
  "$(of small '[.endpoints[] | path("nat").failures[] | .phase, .failure]
     | unique | join(" ")')" "connect connect_timeout"
check "each failure with a SYN sent again" equals \
  "$(of small 'busy | path("nat")
     | .syn_retransmits.attempts_with >= .failed')" true
check "the control endpoint is clean on both" equals \
  "$(of small '[.endpoints[] | select(.control) | .paths[].failed] | add')" 0
check "every attempt has its pair" equals \
  "$(of small '[.endpoints[].pairs.half] | add')" 0
check "the gateway's refusals are stored" at_least \
  "$(sql "$work/small/gateway.db" "SELECT sum(value) FROM gateway_event
     WHERE kind = 'insert_failed'")" 3
check "the far end has a ledger of both paths" equals \
  "$(of small '[.ledger.paths[] | .role, .sent > 0] | join(" ")')" \
  "direct true nat true"
check "by which all of the direct path arrived" equals \
  "$(of small '.ledger.paths[] | select(.role == "direct")
     | .sent == .accepted')" true
check "and of the NAT path's failed attempts none" equals \
  "$(of small '.ledger.paths[] | select(.role == "nat")
     | [.failed >= 3, .failed_seen_at_edge] | join(" ")')" "true 0"
check "and the screen shows it" \
  contains "$(cat "$work/small.out")" \
  "failed attempts on the NAT path never reached the far end"
check "the screen shows connect_timeout" \
  contains "$(cat "$work/small.out")" "connect: connect_timeout"
check "the report with plots is whole" equals \
  "$(tail -n 1 "$work/small/report.html")" '</html>'
check "and where everything lies" \
  contains "$(cat "$work/small.out")" "$work/small/report.json"

check "it runs with 1000 ports" quick large --slots 6 --pool 1000
check "both paths are clean" equals \
  "$(of large '[.endpoints[].paths[].failed] | add')" 0
check "no lab is left" equals "$(echo "$work"/natdiff-lab*)" \
  "$work/natdiff-lab*"
done_testing
