#!/usr/bin/env bash
#
# Months of an agent's life, with retention: the file and the memory stay as
# they are.  scripts/soak months does it with five million attempts.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
months=("${MONTHS_ROWS:-60000}" "${MONTHS_KEPT:-30}" "${MONTHS_DAYS:-60}")

# A sanitizer that keeps what was freed would be seen to grow.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1"

lives() {
  "$tools/months" months.db "${months[@]}" >months.out || {
    tail -n 5 months.out
    return 1
  }
}
check "the file and the memory do not grow" lives
tail -n 2 months.out | sed 's/^/# /'
rows=$(sql months.db "SELECT count(*) FROM attempt")
check "what is kept is there" at_least "$rows" \
  $((months[0] / months[1] * months[1] - months[0] / 100))
check "and no more" at_least $((months[0] + months[0] / 100)) "$rows"
check "the database is sound" equals \
  "$(sql months.db 'PRAGMA integrity_check')" ok
check "runs, resolutions and samples went with their attempts" equals "$(sql months.db \
  "SELECT (SELECT count(*) FROM run) <= ${months[1]} + 1,
    (SELECT count(*) FROM resolution) <= $rows / 8 + 10,
    (SELECT count(*) FROM host_sample) <= $rows / 8 + 10")" '1|1|1'
done_testing
