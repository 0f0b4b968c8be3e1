#!/usr/bin/env bash
#
# A large table of attempts is read in two ranges at once: nothing is lost
# between them, and what is bad in either is said.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

"$tools/make_attempts" a.db 120001 3 7 >/dev/null
# A gap, so that the ranges are uneven; a bad row in each.
sql a.db "DELETE FROM attempt WHERE id BETWEEN 30000 AND 50000;
  UPDATE attempt SET syn_retransmits = -5 WHERE id IN (100, 110000)"

"$report" diff --format json a.db >a.json 2>a.err
check "both ends of the table are read, and bad rows are left out" equals \
  "$(jq -r '.endpoints[] | .name as $e | .paths[] |
    "\($e)|\(.path)|\(.attempts)|\(.failed)"' a.json)" \
  "$(sql a.db "SELECT endpoint, path, count(*), count(failure) FROM attempts
    WHERE id NOT IN (100, 110000) GROUP BY 1, 2 ORDER BY 1, 2")"
check "the window is that of all rows" equals \
  "$(jq -r '.window | "\(.from) \(.to)"' a.json | cut -c1-19)" \
  "$(sql a.db "SELECT strftime('%Y-%m-%dT%H:%M:%S', min(started_at) / 1000000,
    'unixepoch') FROM attempt")"
check "bad rows are counted, and the first is named" \
  grep -q '2 .*attempt 100: syn_retransmits' <(cat a.err a.json)

taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" \
  "$report" diff --format json a.db 2>/dev/null | jq 'del(.generated_at)' >one
check "one core says the same" equals "$(jq 'del(.generated_at)' a.json)" \
  "$(cat one)"
done_testing
