#!/usr/bin/env bash
#
# The seeds of every fuzzer, run by this build.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"

for corpus in "$TOP_SRCDIR"/tests/fuzz/corpus/*/; do
  name=$(basename "$corpus")
  check "the seeds of $name do no harm" \
      "$TOP_BUILDDIR/tests/fuzz/replay_$name" "$corpus"
done
check 'there are seeds' at_least "$tap_n" 1
done_testing
