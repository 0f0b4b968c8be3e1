#!/bin/sh
# The verdict accuses no NAT that is as good as the direct path, and finds
# what is there: a short run over the short null models (scripts/bench verdict
# is the long one).  At most 1 % of the verdicts may accuse; so few runs need
# the room that the tool adds to it, 2.5 standard errors: 3.5 % of 100.
set -u

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
accuse=$TOP_BUILDDIR/tests/tools/accuse

echo 1..3
if "$accuse" -r 100 -s 7 -n 2000 >"$tmp/short"; then
	echo "ok 1 - accusations and causes are within their limits"
else
	echo "not ok 1 - accusations and causes are within their limits"
fi
sed 's/^/# /' "$tmp/short"

"$accuse" -r 20 -s 7 -m 'L=20, n=2000' -n 2000 -j 1 >"$tmp/one"
"$accuse" -r 20 -s 7 -m 'L=20, n=2000' -n 2000 -j 3 >"$tmp/three"
if cmp "$tmp/one" "$tmp/three"; then
	echo "ok 2 - the number of processes changes nothing"
else
	echo "not ok 2 - the number of processes changes nothing"
fi

# The null models must be such that a verdict could go wrong: some runs have
# to be left open, not all of them be healthy.
if awk '/^L=20, n=2000 *silent/ { seen = $NF > 50 } END { exit !seen }' \
	"$tmp/short"; then
	echo "ok 3 - bursts leave the verdict open more often than not"
else
	echo "not ok 3 - bursts leave the verdict open more often than not"
fi
