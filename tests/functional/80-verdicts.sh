#!/usr/bin/env bash
#
# The verdict lab with one seed: real NAT, real servers, causes that are known.
# Wrong accusations of the NAT fail, and so do causes that must be named and
# are not.  Some minutes; scripts/lab verdicts says more and takes more seeds.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
[ -z "${ASAN_OPTIONS:-}" ] || skip_all "its times are those of a plain build"
need_lab
unset LAB_DIR

"$lab" verdicts --seed "${VERDICT_SEED:-1}" --jobs "${VERDICT_JOBS:-12}" \
  >"$work/log" 2>&1 &
tap_children+=($!)
wait $!
status=$?

# Each verdict is a test; what has no counters is shown as skipped.
while read -r mark name number view rest; do
  case $mark in
  ok) check "$name, seen by $view: $rest" true ;;
  FAIL) check "$name ($number), seen by $view: $rest" false ;;
  skip) skip "$name, seen by $view" "no counters of the gateway" ;;
  esac
done <"$work/log"
sed 's/^/# /' "$work/log"
check "all verdicts are as expected" equals "$status" 0
done_testing
