#!/usr/bin/env bash
#
# natdiff-report export: the rows of the view as CSV and JSON lines, whatever
# stands in them.

# shellcheck disable=SC2016 # jq and sh have variables of their own
# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
data=$TOP_SRCDIR/tests/data/diff
cd "$work" || exit 1
for side in direct nat; do
  cat "$data/common.sql" "$data/$side.sql" | "$tools/make_database" "$side.db"
done

rows() { "$report" export --format jsonl "$@" | jq -s "${filter:-length}"; }

check "writes all rows of all files" equals "$(rows direct.db nat.db)" 480
check "with all columns of the view" equals \
  "$("$report" export --format jsonl nat.db | head -1 | jq -r 'keys_unsorted | join(",")')" \
  "$(sql nat.db "SELECT group_concat(name) FROM pragma_table_info('attempts')")"
check "the CSV has them as its header" equals \
  "$("$report" export --format csv nat.db | head -1 | tr -d '\r')" \
  "$(sql nat.db "SELECT group_concat(name) FROM pragma_table_info('attempts')")"

same_as_sqlite() {
  "$report" export --format csv nat.db >ours.csv
  sqlite3 -batch -csv -header nat.db 'SELECT * FROM attempts' >theirs.csv
  /usr/bin/python3 - <<'END'
import csv
read = lambda name: list(csv.reader(open(name, newline="")))
ours, theirs = read("ours.csv"), read("theirs.csv")
assert len(ours) == 241, len(ours)
assert ours == theirs
END
}
check "the CSV is what sqlite3 gives" same_as_sqlite

missing() {
  equals "$("$report" export --format jsonl nat.db | jq -c 'select(.failed_phase == "dns") | [.target_address, .connect_us]' | sort -u)" \
    '[null,null]'
}
check "a missing value is null" missing

awkward() {
  cp nat.db awkward.db
  sqlite3 awkward.db "UPDATE attempt SET failure_text = 'a \"b\", c' || char(13) || char(10) || 'd' || char(27)
    WHERE id = 1; UPDATE attempt SET failure_text = CAST(x'ff41' AS TEXT) WHERE id = 2;"
  "$report" export --format csv awkward.db >ours.csv
  /usr/bin/python3 - <<'END' || return
import csv
rows = list(csv.DictReader(open("ours.csv", newline="", encoding="latin-1")))
assert rows[0]["failure_text"] == 'a "b", c\r\nd\x1b', rows[0]["failure_text"]
END
  equals "$("$report" export --format jsonl awkward.db | head -2 | jq -c .failure_text)" \
    "$(printf '%s\n%s' '"a \"b\", c\r\nd\u001b"' '"�A"')"
}
check "quotes, line ends and broken UTF-8 survive" awkward

check "the filters of diff hold" equals \
  "$(filter='map([.path, .endpoint]) | unique | tostring' rows direct.db nat.db --path nat --endpoint listen --endpoint other)" \
  '"[[\"nat\",\"listen\"],[\"nat\",\"other\"]]"'
check "until is exclusive" equals \
  "$(filter='map(.started_at) | sort | [length, .[0], .[-1]] | tostring' rows nat.db \
    --since 2026-11-21T04:55:10.251Z --until 2026-11-21T04:55:20.251Z)" \
  '"[4,\"2026-11-21T04:55:10.251000Z\",\"2026-11-21T04:55:15.251000Z\"]"'

cp nat.db copy.db
sqlite3 copy.db 'DELETE FROM attempt WHERE id % 2' >/dev/null
check "a row that two files have comes once" equals "$(rows copy.db direct.db nat.db)" 480

refuses() {
  local status=$1 text=$2 got
  shift 2
  "$report" "$@" >out 2>err
  got=$?
  equals "$got" "$status" && contains "$(head -1 err)" "$text" && equals "$(wc -c <out)" 0
}
check "refuses no format" refuses 2 'format is missing' export nat.db
check "refuses another format" refuses 2 'no such format' export --format xml nat.db
check "refuses no file" refuses 2 'no database' export --format csv
echo "not a database, but long enough to be read as one, perhaps" >text.db
check "refuses what is no database" refuses 1 'not a SQLite database' export --format csv text.db

full() {
  "$report" export --format csv nat.db 2>err >/dev/full
  equals "$?" 1 && contains "$(cat err)" 'No space left'
}
check "says that it could not write" full

constant() {
  "$tools/make_attempts" big.db 200000 3 1 >/dev/null
  (ulimit -v 60000 && "$report" export --format csv big.db) | wc -l >lines
  equals "$(cat lines)" 200001
}
if "$report" --version | grep -q natdiff && nm "$report" 2>/dev/null | grep -q __asan_init; then
  skip "memory does not grow with the rows" "the address sanitizer needs all there is"
else
  check "memory does not grow with the rows" constant
fi
check "help leads with examples" contains "$("$report" export --help | head -1)" Examples
done_testing
