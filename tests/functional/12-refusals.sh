#!/usr/bin/env bash
#
# What the programs say and leave behind where they are used wrongly, or where
# what they print cannot be written: one line that names the program, the
# exit status of the manual page, and no file that was not there before.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
mkdir folder
echo "no database" >text
: >text.lock # which stays, always

# commands PROGRAM: their names, as --help lists them
commands() { "$1" --help | awk 'found { print $1 } /^Commands/ { found = 1 }'; }

# usage_status COMMAND: plugins say 3 for what they do not know
usage_status() { [ "$1" = "report check" ] && echo 3 || echo 2; }

# each TEST: for every command of both programs
each() {
  local command failed=0
  for command in $(commands "$probe"); do
    "$1" "$probe" "$command" "$(usage_status "probe $command")" || failed=1
  done
  for command in $(commands "$report"); do
    "$1" "$report" "$command" "$(usage_status "report $command")" || failed=1
  done
  return $failed
}

unknown_option() {
  "$1" "$2" --bogus >out 2>err
  equals "$?" "$3" && equals "$(cat out)" "" &&
    contains "$(head -n 1 err)" "${1##*/} $2: unrecognized option '--bogus'"
}
check "an unknown option is a usage error that names program and command" \
  each unknown_option

help_written() {
  local status
  "$1" "$2" --help >out 2>err
  equals "$? $(cat err)" "0 " && at_least "$(wc -l <out)" 5 || return
  "$1" "$2" --help >/dev/full 2>err
  status=$?
  contains "$(cat err)" "standard output: cannot write: No space left" &&
    at_least "$status" 1 || return
  "$1" "$2" --help >&- 2>err
  status=$?
  contains "$(cat err)" "standard output: cannot write: Bad file" &&
    at_least "$status" 1
}
check "--help shows help, or says that it could not" each help_written

no_command() {
  local program
  for program in "$probe" "$report"; do
    "$program" >out 2>err
    equals "$? $(cat out)" "2 " && contains "$(cat err)" "Commands (" || return
    "$program" bogus >out 2>err
    equals "$? $(cat out)" "2 " &&
      equals "$(cat err)" "${program##*/}: bogus: no such command, ${program##*/} --help lists them" ||
      return
    "$program" --version >/dev/full 2>err
    equals "$?" 1 && equals "$(wc -l <err)" 1 || return
  done
}
check "no command, one that there is not, and a version nobody gets" no_command

# bad_value STATUS EXPECTED COMMAND OPTION VALUE
bad_value() {
  "$report" "$3" "$4" "$5" x.db >out 2>err
  equals "$? $(cat out)" "$1 " &&
    equals "$(head -n 1 err)" "natdiff-report: $4 $5: expected $2"
}
duration="a duration as 90s, 10m or 6h"
check "a bad value is told with its option" \
  bad_value 3 "$duration" check --window 6x
check "how old data may be" bad_value 3 "$duration" check --max-age 0
check "a range" bad_value 3 "a range as 5, ~:5 or 1:10" check --warning a:b
check "slots in a row" \
  bad_value 3 "a number of slots from 1 to 10000" check --raise 0
check "how often to look" bad_value 2 "$duration" watch --interval -1s
check "how many times" bad_value 2 "a number of 1 or more" watch --count 0

# What is printed must not end up in a file that was opened instead.
closed() {
  "$report" import app /dev/null --into note.db >out || return
  "$report" diff -o report.txt note.db >&- 2>&- || return
  equals "$(head -c 8 report.txt)" "verdict:" &&
    equals "$(sql note.db "PRAGMA quick_check")" ok || return
  "$probe" gateway --once --database folder/gateway.db >&- 2>&-
  equals "$(sql folder/gateway.db "PRAGMA quick_check")" ok &&
    equals "$(wc -c <folder/gateway.db.lock)" 0
}
check "closed standard descriptors stay out of files" closed

# refused STATUS MESSAGE COMMAND...: one line that says so, and no new file
refused() {
  local wanted=$1 message=$2 before got
  shift 2
  before=$(find . -newer text ! -type d | sort)
  "$@" >out 2>err
  got=$?
  equals "$got $(cat out)" "$wanted " && equals "$(cat err)" "$message" &&
    equals "$(find . -newer text ! -name out ! -name err ! -type d | sort)" \
      "$(grep -vE '/(out|err)$' <<<"$before")"
}
check "a folder is no database to write, and gets no lock beside it" \
  refused 1 "natdiff-probe: folder: is a directory" \
  "$probe" gateway --once --database folder
check "nor is a device" \
  refused 1 "natdiff-probe: /dev/null: is no regular file" \
  "$probe" witness --listen 127.0.0.1:0 --database /dev/null
check "a key is made beside a database only" \
  refused 1 "natdiff-probe: text: is no SQLite database" \
  "$probe" witness --listen 127.0.0.1:0 --database text
check "a log that is not there makes no database" \
  refused 1 "natdiff-report: missing.log: cannot open: No such file or directory" \
  "$report" import auto missing.log --into new.db
check "nor does a folder" \
  refused 1 "natdiff-report: folder: is a directory, not a log" \
  "$report" import auto folder --into new.db
check "a folder is no bundle" \
  refused 1 "natdiff-report: folder: is a directory, expected a FILE.tar.gz" \
  "$report" verify folder
check "a message about a file with a line feed in its name is one line" \
  refused 2 "a?b.yaml: cannot open: No such file or directory, expected a readable YAML file" \
  "$probe" check -c $'a\nb.yaml'

# A slip in what is to be written costs no database.
"$report" diff note.db >out # SQLite's -wal and -shm stay beside what is read
sqlite3 measured.db 'PRAGMA application_id = 1; CREATE TABLE t (a)'
check "a report does not replace a database" \
  refused 1 "natdiff-report: measured.db: is a database, expected a file to write" \
  "$report" diff -o measured.db note.db
check "nor do metrics" \
  refused 1 "natdiff-report: measured.db: is a database, expected a file to write" \
  "$report" metrics -o measured.db note.db
cat >capture.yaml <<'END'
agent: { database: run.db }
paths: { direct: { role: direct } }
endpoints: { api: { url: "http://127.0.0.1:1/", control: yes } }
END
kept() {
  local before
  before=$(sha256sum measured.db)
  "$probe" run -c capture.yaml --once --capture measured.db >out 2>err
  equals "$(sha256sum measured.db)" "$before" &&
    contains "$(cat err)" "measured.db: holds no capture"
}
check "nor does a capture" kept

# ----------------------------------------------------------- scripts for users

scripts=$TOP_SRCDIR/scripts
check "collect wants a file with hosts" \
  refused 2 "collect: --hosts folder: cannot read it (--help lists the options)" \
  "$scripts/collect" --hosts folder
check "paired-run wants a file as configuration" \
  refused 1 "paired-run: folder: cannot read it" \
  "$scripts/paired-run" -c folder one two
mkdir results
touch results/direct.db results/other.yaml
check "quickstart keeps what is there where it cannot begin" \
  refused 1 "quickstart: nowhere: no such folder" \
  "$scripts/quickstart" --programs nowhere --data results
each_script() {
  local name
  for name in collect collect-cloud incident-replay paired-run quickstart; do
    "$scripts/$name" --help >out 2>err
    equals "$? $(cat err)" "0 " && contains "$(cat out)" "scripts/$name" &&
      ! "$scripts/$name" --help >/dev/full 2>err &&
      ! "$scripts/$name" --bogus >out 2>err &&
      equals "$(wc -l <err)" 1 && contains "$(cat err)" "$name: --bogus: no" ||
      return
  done
}
check "scripts for users show help, and refuse an option in one line" each_script
done_testing
