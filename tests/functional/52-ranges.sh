#!/usr/bin/env bash
#
# A large table of attempts is read in two ranges at once, and many files side
# by side: nothing is lost between them, and what is bad in any is said.

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

# -- more files than are read at once --
for i in {10..29}; do
  "$tools/make_attempts" "$i.db" 1501 3 "$i" >/dev/null
done
sql 15.db "UPDATE attempt SET seq = -1 WHERE id = 7"
sql 28.db "UPDATE attempt SET slot = -1 WHERE id IN (8, 9)"
"$report" diff --format json [12][0-9].db >many.json 2>/dev/null
check "all of many files is read" equals \
  "$(jq '[.endpoints[].paths[].attempts] | add' many.json)" $((20 * 1501 - 3))
check "each says what is bad in it" equals \
  "$(jq -r '.notes[] | select(.kind == "bad_rows") | .text' many.json |
    cut -d ' ' -f 1-2)" \
  $'15.db: 1\n28.db: 2'
mapfile -t reversed < <(printf '%s.db\n' {29..10})
"$report" diff --format json "${reversed[@]}" >reversed.json 2>/dev/null
plain='del(.generated_at, .inputs) | .notes |= sort'
check "their order does not matter" equals "$(jq "$plain" reversed.json)" \
  "$(jq "$plain" many.json)"
head -c 50000 20.db >half.db
mv half.db 20.db
rm 22.db
status=0
"$report" diff [12][0-9].db >damaged.out 2>damaged.err || status=$?
check "the first that is damaged is named, in one line" equals \
  "$status $(wc -l <damaged.err) $(grep -c '20.db: damaged' damaged.err)" "1 1 1"
done_testing
