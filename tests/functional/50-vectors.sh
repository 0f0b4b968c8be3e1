#!/bin/sh
# The statistics give what R gives for the data sets in tests/data/vectors.
set -u

data=$TOP_SRCDIR/tests/data/vectors
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
files="expected counts2x2_expected pvalues_expected power_expected
	events_expected sequential_expected"

compare() {
	awk -f "$TOP_SRCDIR/tests/tools/compare_vectors.awk" "$data/KEYS" \
	    "$data/tolerances.csv" "$1" "$2"
}

echo 1..9
n=1
if "$TOP_BUILDDIR/tests/tools/stat_vectors" "$data" "$tmp/out"; then
	echo "ok $n - the values are computed"
else
	echo "not ok $n - the values are computed"
fi
for f in $files; do
	n=$((n + 1))
	if compare "$data/$f.csv" "$tmp/out/$f.csv" >"$tmp/log" 2>&1; then
		echo "ok $n - $f agrees with R"
	else
		echo "not ok $n - $f agrees with R"
	fi
	sed 's/^/# /' "$tmp/log"
done

# The comparison itself must see a difference in the eighth digit.
n=$((n + 1))
awk -F, -v OFS=, '$1 == "mid_iid" && $2 == "blk_se" { $3 *= 1.0000001 } 1' \
    "$tmp/out/expected.csv" >"$tmp/wrong.csv"
if compare "$data/expected.csv" "$tmp/wrong.csv" >/dev/null; then
	echo "not ok $n - a wrong value is seen"
else
	echo "ok $n - a wrong value is seen"
fi

# A directory with one file only is no error.
n=$((n + 1))
mkdir "$tmp/some"
cp "$data/power.csv" "$tmp/some"
if "$TOP_BUILDDIR/tests/tools/stat_vectors" "$tmp/some" "$tmp/part" &&
    cmp "$tmp/part/power_expected.csv" "$tmp/out/power_expected.csv" &&
    [ ! -e "$tmp/part/expected.csv" ]; then
	echo "ok $n - files that are not there are left out"
else
	echo "not ok $n - files that are not there are left out"
fi
