# shellcheck shell=bash
#
# scripts/bench store: how fast attempts are stored, how much they take, and
# whether storing delays what is measured.

# shellcheck disable=SC2154 # out, work: of the main script

bench_rows() {
	local rows=$1 file=$work/rows.db
	for _ in 1 2 3 4 5; do
		rm -f "$file"*
		cost store tests/tools/make_attempts "$file" "$rows" 3 1
		cost scan tests/tools/scan_attempts "$file"
	done
	awk -v rows="$rows" -v bytes="$(stat -c %s "$file")" \
	    -v cpu="$(column store 1)" -v wall="$(column store 2)" \
	    -v scan="$(column scan 2)" 'BEGIN {
		printf "%d rows in %.1f s (%.1f s of processor): %.0f a second",
		    rows, wall, cpu, rows / wall
		printf ", %.2f GB, %.0f bytes a row\n", bytes / 1e9,
		    bytes / rows
		printf "scanned in %.2f s: %.0f a second\n", scan, rows / scan
	}'
	rm "$file"*
}

# hold_locked FILE: nobody else can write for most of the time
hold_locked() {
	exec /usr/bin/python3 -c '
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
while True:
    c.execute("BEGIN IMMEDIATE")
    time.sleep(1.5)
    c.execute("ROLLBACK")
    time.sleep(0.2)' "$1"
}

# delays NAME PORT: a run of 20 s, 100 attempts a second; its row to
# $work/delays.NAME
delays() {
	local db=$work/$1.db locker='' column stored
	local last="run_id = (SELECT max(id) FROM run) AND failure IS NULL"
	cat >"$work/store.yaml" <<-END
		agent: { database: $db }
		paths: { nat: { role: nat } }
		endpoints:
		  e: { url: "https://127.0.0.1:$2/", ca: $work/ca.pem }
		schedule: { interval: 1s, burst: 100, port-budget: 1000000 }
	END
	# So that there is something to lock.
	./natdiff-probe run -c "$work/store.yaml" --once >"$work/log" 2>&1
	if [ "$1" = locked ]; then
		hold_locked "$db" &
		locker=$!
	fi
	./natdiff-probe run -c "$work/store.yaml" --slots 20 \
	    >"$work/log" 2>&1
	[ -z "$locker" ] || {
		kill "$locker"
		wait "$locker" || :
	} 2>/dev/null
	stored=$(sqlite3 "$db" "SELECT count(*) FROM attempt WHERE $last")
	if [ "$stored" -eq 0 ]; then
		echo "bench: $1: nothing was stored" >&2
		return 1
	fi
	{
		echo "$stored"
		for column in loop_lag_us connect_us tls_us; do
			sqlite3 "$db" \
			    "SELECT $column FROM attempt WHERE $last" >"$work/us"
			median <"$work/us"
			percentile 99 <"$work/us"
		done
	} | paste -s -d ' ' >>"$work/delays.$1"
}

# median_delays NAME: of all its runs
median_delays() {
	local i
	printf '%-8s %6.0f' "$1" "$(cut -d ' ' -f 1 "$work/delays.$1" | median)"
	for i in 2 3 4 5 6 7; do
		printf ' %8.0f' "$(cut -d ' ' -f $i "$work/delays.$1" | median)"
	done
	echo
}

bench_delays() {
	local port
	port=$(free_port)
	certificate 127.0.0.1
	start_server 127.0.0.1 "$port"
	printf '%-8s %6s %17s %17s %17s\n' 'database' '' 'loop_lag_us' \
	    connect_us tls_us
	printf '%-8s %6s %8s %8s %8s %8s %8s %8s\n' '' stored median p99 \
	    median p99 median p99
	for _ in 1 2 3 4 5; do
		delays free "$port"
		delays locked "$port"
		rm "$work"/free.db* "$work"/locked.db*
	done
	median_delays free
	median_delays locked
}

bench_store() {
	build natdiff-probe tests/tools/make_attempts \
	    tests/tools/scan_attempts
	begin_work
	bench_rows "${1:-10000000}"
	bench_delays
}
