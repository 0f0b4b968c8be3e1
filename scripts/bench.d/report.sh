# shellcheck shell=bash
#
# scripts/bench report: how long a comparison takes.

# shellcheck disable=SC2154 # here, work: of the main script

# cost NAME COMMAND...: its processor time, time and memory, a line in $work
cost() {
	local name=$1
	shift
	/usr/bin/python3 "$here/bench.d/cost.py" "$@" >>"$work/cost.$name"
}

# column NAME N: the median of one of the three
column() {
	awk -v c="$2" '{ print $c }' "$work/cost.$1" | median
}

# costs NAME OF: a line of the table
costs() {
	awk -v name="$1" -v cpu="$(column "$1" 1)" -v wall="$(column "$1" 2)" \
	    -v mb="$(column "$1" 3)" -v cpu_of="$(column "$2" 1)" \
	    -v wall_of="$(column "$2" 2)" 'BEGIN {
		printf "%-26s %8.2f s %6.2f x %8.2f s %6.2f x %7.0f MB\n",
		    name, cpu, cpu / cpu_of, wall, wall / wall_of, mb }'
}

head_of_table() {
	printf '%-26s %10s %8s %10s %8s %10s\n' "$1" processor "$2" time \
	    "$2" memory
}

# bench_growth ROWS: 1/100, 1/10 and all of them
bench_growth() {
	local n
	for n in $(($1 / 100)) $(($1 / 10)); do
		tests/tools/make_attempts "$work/$n.db" "$n" 5 1 >"$work/log"
	done
	mv "$work/all.db" "$work/$1.db"
	for n in $(($1 / 100)) $(($1 / 10)) "$1"; do
		cost "growth.$n" ./natdiff-report diff --format json \
		    "$work/$n.db"
		awk -v n="$n" '{ printf "%9d attempts: %6.2f s, %5.2f us each\n",
		    n, $1, $1 * 1e6 / n }' "$work/cost.growth.$n"
	done
	rm "$work/$1".db*
}

# bench_files ROWS ROUNDS: those of 500 hosts, in one file and in as many
bench_files() {
	local i
	tests/tools/make_attempts "$work/hosts.db" "$1" 5 1 500 >"$work/log"
	mkdir "$work/many"
	for ((i = 0; i < 500; i++)); do
		tests/tools/make_attempts "$work/many/$i.db" $(($1 / 500)) 5 \
		    $((i + 1)) >"$work/log"
	done
	for ((i = 0; i < $2; i++)); do
		cost one ./natdiff-report diff --format json "$work/hosts.db"
		cost many ./natdiff-report diff --format json \
		    "$work"/many/*.db
	done
	head_of_table '500 hosts' 'to one'
	costs one one
	costs many one
}

bench_report() {
	local rows=${1:-10000000} rounds=${2:-5} i
	build natdiff-report tests/tools/make_attempts \
	    tests/tools/scan_attempts
	begin_work
	tests/tools/make_attempts "$work/all.db" "$rows" 5 1 >"$work/log"
	for ((i = 0; i < rounds; i++)); do
		cost scan tests/tools/scan_attempts "$work/all.db"
		cost natdiff ./natdiff-report diff --format json "$work/all.db"
		cost data.table Rscript "$here/bench.d/paired.R" "$work/all.db"
		cost pandas /usr/bin/python3 "$here/bench.d/paired.py" \
		    "$work/all.db"
	done
	head_of_table "$rows attempts" 'to scan'
	for i in scan natdiff data.table pandas; do
		costs $i scan
	done
	bench_growth "$rows"
	bench_files "$rows" "$rounds"
}
