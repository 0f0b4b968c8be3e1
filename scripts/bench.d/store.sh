# shellcheck shell=bash
#
# scripts/bench store: how fast attempts are stored, how much they take, and
# whether storing delays what is measured.

# shellcheck disable=SC2154 # out, work: of the main script

# Two reads: from the disk, and of what is in memory already.
bench_rows() {
	local rows=$1 file=$work/rows.db
	cost store tests/tools/make_attempts "$file" "$rows" 3 1
	awk -v rows="$rows" -v bytes="$(stat -c %s "$file")" '{
		printf "%d rows in %.1f s (%.1f s of processor): %.0f a second",
		    rows, $2, $1, rows / $2
		printf ", %.2f GB, %.0f bytes a row\n", bytes / 1e9,
		    bytes / rows }' "$work/cost.store"
	tests/tools/scan_attempts "$file"
	tests/tools/scan_attempts "$file"
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

# delays NAME PORT: a run of 20 s, 100 attempts a second
delays() {
	local db=$work/$1.db locker='' column
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
	printf '%-8s %6d' "$1" "$(sqlite3 "$db" \
	    "SELECT count(*) FROM attempt WHERE $last")"
	for column in loop_lag_us connect_us tls_us; do
		sqlite3 "$db" "SELECT $column FROM attempt WHERE $last" \
		    >"$work/us"
		printf ' %8.0f %8.0f' "$(median <"$work/us")" \
		    "$(percentile 99 <"$work/us")"
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
	for _ in 1 2 3; do
		delays free "$port"
		delays locked "$port"
		rm "$work"/free.db* "$work"/locked.db*
	done
}

bench_store() {
	build natdiff-probe tests/tools/make_attempts \
	    tests/tools/scan_attempts
	begin_work
	bench_rows "${1:-10000000}"
	bench_delays
}
