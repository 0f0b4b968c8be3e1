#!/usr/bin/env bash
#
# natdiff-report diff over databases that the verdict lab recorded: the whole
# text, with the verdict that each must have.  `make check UPDATE_KNOWN=yes`
# takes what is printed as what is known.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
recorded=$TOP_SRCDIR/tests/data/verdicts
data=$TOP_SRCDIR/tests/data/diff
cd "$work" || exit 1

# unpack NAME: its databases, into NAME/
unpack() {
  local file
  mkdir "$1"
  for file in "$recorded/$1"/*.db.gz; do
    gzip -dc "$file" >"$1/$(basename "$file" .gz)"
  done
}

text() {
  "$report" diff "$1"/*.db >got.txt && known "$data/$1-golden.txt" got.txt &&
    equals "$(awk 'length > 80' got.txt | wc -l)" 0
}

# The same facts in both: every word of the one is in the other.
markdown() {
  "$report" diff --format markdown "$1"/*.db | words >one
  words <got.txt >two
  diff one two
}

# Words alone: without what either format is set with, capitals included.
words() {
  tr -c 'A-Za-z0-9.%\n' ' ' | tr 'A-Z ' 'a-z\n' | grep '[A-Za-z0-9]' | sort -u
}

# The verdict as JSON has it is the first line of the text.
verdict() {
  equals "$("$report" diff --format json "$1"/*.db |
    jq -r '.verdict | "verdict: \(.cause), \(.strength) evidence"')" \
    "$(head -1 got.txt)" && equals "$(head -1 got.txt)" "verdict: $2 evidence"
}

while read -r name expected; do
  unpack "$name"
  check "$name: prints the known text" text "$name"
  check "$name: says the same as Markdown" markdown "$name"
  check "$name: $expected evidence" verdict "$name" "$expected"
done <<'END_KNOWN'
held nat_port_exhaustion, strong
loss-10 nat_path_loss, strong
healthy-slow latency_only, strong
host-ports host_limit, strong
END_KNOWN
done_testing
