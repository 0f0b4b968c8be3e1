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

# verdicts LOG OPTION...: in the background, so that it ends with the test
verdicts() {
  local log=$1
  shift
  "$lab" verdicts --seed "${VERDICT_SEED:-1}" --jobs "${VERDICT_JOBS:-12}" \
    "$@" >"$log" 2>&1 &
  tap_children+=($!)
  wait $!
}

verdicts "$work/log"
status=$?

# On a loaded machine a lab may not come into the state that its scenario
# wants (ports that run out by churn): what was not named is tried once more.
# A wrong accusation stays one.
again=$(awk '$1 == "FAIL" && $NF == "unnamed" { print $2 }' "$work/log" |
  sort -u | paste -sd,)
if [ -n "$again" ] &&
  ! grep '^FAIL' "$work/log" | grep -qv 'unnamed$'; then
  echo "# once more: $again"
  sed 's/^/# /' "$work/log"
  grep '^\(ok\|skip\)' "$work/log" |
    awk -v again=",$again," '!index(again, "," $2 ",")' >"$work/kept"
  verdicts "$work/second" --only "$again"
  status=$?
  cat "$work/kept" "$work/second" >"$work/log"
fi

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
