#!/usr/bin/env bash
#
# The verdicts on runs of the verdict lab that were recorded once, of each
# scenario: the rules, without a lab.  Recorded with
#
#   scripts/lab verdicts --keep DIR
#
# of which tests/data/verdicts has the databases (gzip -9n) and `about`.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"

"$lab" verdicts --judge "$TOP_SRCDIR/tests/data/verdicts" >"$work/log" 2>&1
status=$?

while read -r mark name _ view rest; do
  case $mark in
  ok) check "$name, seen by $view: $rest" true ;;
  FAIL) check "$name, seen by $view: $rest" false ;;
  esac
done <"$work/log"
sed 's/^/# /' "$work/log"
check "each scenario was judged" at_least "$tap_n" \
  "$("$lab" verdicts --list | grep -c '^[a-z]')"
check "all verdicts are as expected" equals "$status" 0
done_testing
