#!/usr/bin/env bash
#
# Two threads that hand over what they measured while somebody else holds the
# database: every row arrives.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"

check "every row of two threads is stored" \
  "$tools/recorder_stress" "$work/natdiff.db"
done_testing
