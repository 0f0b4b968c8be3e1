#!/bin/sh
# The block test does not cry wolf and finds what is there: a short run of
# the simulation (scripts/bench statistics is the long one).
set -u

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
simulate=$TOP_BUILDDIR/tests/tools/simulate

echo 1..3
if "$simulate" -r 300 -s 7 >"$tmp/two"; then
	echo "ok 1 - false alarms and power are within their limits"
else
	echo "not ok 1 - false alarms and power are within their limits"
fi
sed 's/^/# /' "$tmp/two"

"$simulate" -r 300 -s 7 -j 3 >"$tmp/three"
if cmp "$tmp/two" "$tmp/three"; then
	echo "ok 2 - the number of processes changes nothing"
else
	echo "not ok 2 - the number of processes changes nothing"
fi

# The naive tests must be seen to fail, or the series were not bursty.
if awk '/^L=20, n=20000/ { seen = $3 > 0.6 && $4 > 0.6 }
    END { exit !seen }' "$tmp/two"; then
	echo "ok 3 - tests that ignore bursts are wrong more often than not"
else
	echo "not ok 3 - tests that ignore bursts are wrong more often than not"
fi
