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

one_core=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
taskset -c "$one_core" "$report" diff --format json a.db 2>/dev/null |
  jq 'del(.generated_at)' >one
check "one core says the same" equals "$(jq 'del(.generated_at)' a.json)" \
  "$(cat one)"

# As far apart as ids can be, or spread out: ranges of few rows.
sql a.db "VACUUM INTO 'some.db'"
sql some.db "DELETE FROM attempt WHERE id > 3000"
plain='del(.generated_at, .inputs) |
  .notes |= map(.text |= sub("^[a-z]*.db"; ""))'
"$report" diff --format json some.db 2>/dev/null | jq "$plain" >some.json
for spread in "id = -9223372036854775808 WHERE id = 1;
    UPDATE attempt SET id = 9223372036854775807 WHERE id = 3000" \
  "id = id * 2000 + 3001"; do
  rm -f far.db
  cp some.db far.db
  sql far.db "UPDATE attempt SET $spread"
  check "ids are far apart: ${spread%% WHERE*}" test "$(sql far.db \
    'SELECT max(id) / 1000000 - min(id) / 1000000 FROM attempt')" -gt 5
  "$report" diff --format json far.db 2>/dev/null | jq "$plain" >far.json
  sed -i 's/attempt 203001:/attempt 100:/' far.json
  check "nothing is lost between their ranges" cmp some.json far.json
  taskset -c "$one_core" "$report" diff --format json far.db 2>/dev/null |
    jq "$plain" | sed 's/attempt 203001:/attempt 100:/' >far.json
  check "nor by one core" cmp some.json far.json
done

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
rm -f 20.db*
"$tools/make_attempts" 20.db 1501 3 20 >/dev/null
"$tools/make_attempts" 22.db 1501 3 22 >/dev/null
: >29.db
status=0
"$report" diff [12][0-9].db >behind.out 2>behind.err || status=$?
check "so is one behind those that are opened first" equals \
  "$status $(wc -l <behind.err) $(grep -c '29.db: empty' behind.err)" "1 1 1"
check "and nothing is printed of the others" equals "$(wc -c <behind.out)" 0

# -- values of another type than SQLite would write --
# Larger than what is checked page by page.
"$tools/make_attempts" typed.db 260000 3 1 >/dev/null
strict() {
  sql typed.db "PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, '$1', '$2')
      WHERE name = 'attempt'; PRAGMA writable_schema = RESET"
}
strict ') STRICT' ')'
sql typed.db "UPDATE attempt SET seq = '7th' WHERE id = 9;
  UPDATE attempt SET tls_us = 12.5 WHERE id = 10;
  UPDATE attempt SET total_us = x'3132' WHERE id = 200000;
  PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
strict ')' ') STRICT'
"$report" diff --format json typed.db >typed.json 2>typed.err
check "a text, a fraction and a blob are no numbers" grep -q \
  'typed.db: 3 rows left out.*attempt 9: seq' <(cat typed.err typed.json)
check "the others count" equals \
  "$(jq '[.endpoints[].paths[].attempts] | add' typed.json)" $((260000 - 3))

# -- damage in an index, which is not read --
"$tools/make_attempts" index.db 1501 3 1 >/dev/null
page=$(sql index.db "SELECT rootpage FROM sqlite_schema
  WHERE type = 'index' AND tbl_name = 'attempt' LIMIT 1;
  PRAGMA wal_checkpoint(TRUNCATE)" | head -n 1)
size=$(sql index.db "PRAGMA page_size")
dd if=/dev/zero of=index.db bs="$size" seek=$((page - 1)) count=1 conv=notrunc 2>/dev/null
check "a small file is checked page by page" contains \
  "$("$report" diff index.db 2>&1)" "index.db: damaged"
# read_both FILE...: the exit status
read_both() {
  "$report" diff --format json "$@" >/dev/null 2>both.err
  echo $?
}
check "beside a large one it is not, whichever comes first" equals \
  "$(read_both index.db typed.db) $(read_both typed.db index.db)" "0 0"
done_testing
