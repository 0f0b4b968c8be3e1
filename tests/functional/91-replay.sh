#!/usr/bin/env bash
#
# scripts/incident-replay, played unattended: the best night and a bad one.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
unset LAB_DIR # it makes its own
export TMPDIR=$work

# play LETTERS: the play in $work/LETTERS
play() {
  "$TOP_SRCDIR/scripts/incident-replay" --programs "$TOP_BUILDDIR" \
    --choices "$1" >"$work/$1" 2>&1
}

# Side by side: they sleep most of the time.
play BBDB &
good=$!
play DADA &
bad=$!
wait "$good"
check "the best choices are played to the end" equals "$?" 0
wait "$bad"
check "and bad ones" equals "$?" 0
has() { contains "$(cat "$work/$1")" "$2"; }
check "the alert is a real one" has BBDB "NATDIFF CRITICAL: https: since "
check "the best night costs ten minutes" has BBDB "minutes: 10 (10 at best"
check "the NAT is named while it lasts" has BBDB \
  "verdict during the incident: nat_port_exhaustion"
check "more addresses are a fix that shows" has BBDB "the fix worked: at https"
check "and all is well since" has BBDB "verdict since the fix: healthy"
check "bad choices cost more" matches "$(grep '^minutes: ' "$work/DADA")" \
  "^minutes: (4[0-9]|5[0-9]|60) \(10 at best"
full_again() {
  sed -n '/^== Round 4/,/^You add/p' "$work/DADA" | grep -q 'verdict: nat_port_exhaustion'
}
check "an emptied table is full again" full_again
check "no lab and none of its databases is left" equals \
  "$(find "$work" -mindepth 1 -name 'natdiff-*')" ""
check "in the end they fix it, too" has DADA "verdict since the fix: healthy"
check "who is not there cannot choose" equals \
  "$("$TOP_SRCDIR/scripts/incident-replay" --programs "$TOP_BUILDDIR" </dev/null 2>&1 >/dev/null)" \
  "incident-replay: there is nobody to choose: --choices, or a terminal (--help lists the options)"
done_testing
