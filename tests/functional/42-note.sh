#!/usr/bin/env bash
#
# natdiff-report note: stored in a database that is there, shown by diff, fit
# for a terminal.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
data=$TOP_SRCDIR/tests/data/diff
cd "$work" || exit 1
cat "$data/common.sql" "$data/nat.sql" | "$tools/make_database" nat.db

refuses() {
  local status=$1 text=$2 got
  shift 2
  "$report" note "$@" >out 2>err
  got=$?
  equals "$got" "$status" && contains "$(head -1 err)" "$text"
}

check "stores a note" "$report" note nat.db 2026-11-21T05:00:00+01:00 "64 ports more"
check "at its time" equals \
  "$(sql nat.db "SELECT at, text FROM note ORDER BY id DESC LIMIT 1")" \
  "1795233600000000|64 ports more"
check "diff shows it" contains "$("$report" diff nat.db)" "2026-11-21T04:00:00Z: 64 ports more"
check "now is a time, too" "$report" note nat.db now "$(printf 'an \033[31mescape')"
check "which reaches no terminal raw" contains "$("$report" diff nat.db)" 'an \x1b[31mescape'
check "refuses a time that is none" refuses 2 'not a time' nat.db soon text
check "refuses an empty text" refuses 2 'the text is to have' nat.db now ''
check "refuses too few arguments" refuses 2 'are needed' nat.db now
check "refuses a missing database" refuses 1 'No such file' none.db now text
missing() { [ ! -e none.db ]; }
check "and makes none" missing
: >empty.db
check "refuses an empty file" refuses 1 'empty file' empty.db now text
sqlite3 other.db 'CREATE TABLE t (a)'
check "refuses another program's database" refuses 1 "not natdiff's" other.db now text
check "help leads with examples" contains "$("$report" note --help | head -1)" Examples
done_testing
