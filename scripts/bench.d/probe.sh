# shellcheck shell=bash
#
# scripts/bench probe: what an attempt takes of the host that makes it.

# shellcheck disable=SC2154 # out, top, work: of the main script

# natdiff_conf BURST INTERVAL PATH [CA [ENDPOINTS]]
natdiff_conf() {
	local i
	rm -f "$work"/bench.db*
	cat <<-END
		agent: { database: $work/bench.db }
		paths: { nat: { role: nat } }
		schedule: { interval: $2, burst: $1, port-budget: 1000000 }
		timeouts: { dns: 60s, connect: 60s, tls: 60s, request: ${hold_s:-60}s, done: 60s }
		endpoints:
	END
	for ((i = 0; i < ${5:-1}; i++)); do
		echo "  e$i: { url: https://127.0.0.1:$port$3, ca: ${4:-$work/ca.pem} }"
	done
}

# client NAME N: the command by which so many new connections are made
client() {
	local n=$2
	case $1 in
	bare)
		command=(tests/tools/bare_loop -n "$n" -c 100 -t 600
			"$work/ca.pem" / 127.0.0.1 "$port")
		;;
	natdiff)
		# In slots of a second, so that they are in flight together.
		if [ "$n" -le 500 ]; then
			natdiff_conf "$n" 1s / >"$work/$n.yaml"
			command=(./natdiff-probe run -c "$work/$n.yaml" --once)
		else
			natdiff_conf 500 1s / >"$work/$n.yaml"
			command=(./natdiff-probe run -c "$work/$n.yaml"
				--slots $((n / 500)))
		fi
		;;
	h2load)
		command=(h2load --h1 -n "$n" -c 100 "https://127.0.0.1:$port/")
		;;
	curl)
		command=(curl -Z --parallel-immediate --parallel-max 100
			--no-progress-meter --http1.1
			--cacert "$work/ca.pem" -o /dev/null
			"https://127.0.0.1:$port/?[1-$n]")
		;;
	esac
}

# made NAME N: complain where natdiff did not store what it was to measure
made() {
	local ok
	[ "$1" = natdiff ] || return 0
	ok=$(sqlite3 "$work/bench.db" \
	    "SELECT count(*) FROM attempt WHERE failure IS NULL")
	[ "$ok" -eq "$2" ] ||
		echo "bench: only $ok of $2 attempts succeeded" >&2
}

# instructions NAME: of one new connection
instructions() {
	local name=$1 n counts=()
	for n in 100 300; do
		client "$name" "$n"
		valgrind --tool=cachegrind --cache-sim=no \
		    --cachegrind-out-file=/dev/null "${command[@]}" \
		    >/dev/null 2>"$work/valgrind"
		counts+=("$(sed -n 's/.*I *refs: *\([0-9,]*\).*/\1/p' \
		    "$work/valgrind" | tr -d , | awk '{ n += $1 } END { printf "%d", n }')")
		made "$name" "$n"
	done
	echo $(((counts[1] - counts[0]) / 200))
}

# cpu NAME N: ms of a processor for one of N, and how many a second that were
cpu() {
	local name=$1 n=$2 used
	client "$name" "$n"
	used=$(pinned_cost "${command[@]}")
	made "$name" "$n"
	# Where the machine was too busy for all of them: by those it made.
	[ "$name" != natdiff ] || n=$(sqlite3 "$work/bench.db" \
	    "SELECT max(count(*), 1) FROM attempt WHERE failure IS NULL")
	awk -v n="$n" '{ print 1e3 * $1 / n }' <<<"$used"
}

pinned_cost() (
	pinned 0 /usr/bin/python3 "$here/bench.d/cost.py" "$@" 2>>"$work/log"
)

# ticks PID: of a processor, so far
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

start_blackbox() {
	cat >"$work/blackbox.yml" <<-END
		modules:
		  probe:
		    prober: http
		    timeout: 60s
		    http:
		      tls_config:
		        ca_file: $work/ca.pem
		        server_name: edge.test
	END
	blackbox_port=$(free_port)
	(pinned 0 prometheus-blackbox-exporter --log.level=error \
	    --config.file="$work/blackbox.yml" \
	    --web.listen-address="127.0.0.1:$blackbox_port") \
	    2>"$work/blackbox.log" &
	blackbox=$!
	wait_for_port 127.0.0.1 "$blackbox_port"
}

end_blackbox() {
	kill "$blackbox"
	wait "$blackbox" 2>/dev/null || :
}

# probes N AT-ONCE PATH: through the exporter
probes() {
	curl -Z --parallel-immediate --parallel-max "$2" \
	    --no-progress-meter --http1.1 -o /dev/null \
	    "http://127.0.0.1:$blackbox_port/probe?module=probe&target=https://127.0.0.1:$port$3&n=[1-$1]" \
	    2>>"$work/driver.log"
}

cpu_blackbox() {
	local n=$1 before
	start_blackbox
	probes 20 20 / # it reads its files
	before=$(ticks "$blackbox")
	probes "$n" 100 /
	awk -v t=$(($(ticks "$blackbox") - before)) -v n="$n" \
	    -v hz="$(getconf CLK_TCK)" 'BEGIN { print 1e3 * t / hz / n }'
	end_blackbox
}

# held NAME N: MB with so many connections that wait for an answer
held() {
	local name=$1 n=$2 hold_s=8
	case $name in
	bare)
		command=(tests/tools/bare_loop -n "$n" -c "$n" -t "$hold_s"
			"$work/ca.pem" /hold 127.0.0.1 "$port")
		;;
	natdiff)
		natdiff_conf $((n / 2)) 1s /hold "" 2 >"$work/hold.yaml"
		command=(./natdiff-probe run -c "$work/hold.yaml" --once)
		;;
	h2load)
		command=(timeout "$hold_s" h2load --h1 -n "$n" -c "$n"
			"https://127.0.0.1:$port/hold")
		;;
	blackbox)
		start_blackbox
		probes $((n < 250 ? n : 250)) 250 /hold &
		local i left=$((n - 250)) drivers=("$!")
		for ((i = 0; left > 0; i++, left -= 250)); do
			probes $((left < 250 ? left : 250)) 250 /hold &
			drivers+=("$!")
		done
		sleep $hold_s
		awk '$1 == "VmHWM:" { print $2 / 1024 }' \
		    "/proc/$blackbox/status"
		kill "${drivers[@]}" 2>/dev/null || :
		wait "${drivers[@]}" 2>/dev/null || :
		end_blackbox
		return
		;;
	esac
	(/usr/bin/python3 "$here/bench.d/cost.py" "${command[@]}" \
	    2>/dev/null || :) | awk '{ print $3 }'
}

# What one run from cron takes: four attempts, with the system's CA store.
once_natdiff() {
	natdiff_conf 1 1s / "$work/bundle.pem" 4 >"$work/once.yaml"
	pinned_cost ./natdiff-probe run -c "$work/once.yaml" --once |
	    awk '{ print 1e3 * $1 }'
	made natdiff 4
}

once_curl() {
	local url=https://127.0.0.1:$port/
	# shellcheck disable=SC2016 # for that shell
	pinned_cost sh -c 'for i in 1 2 3 4; do curl -s --cacert "$1" "$2"; done' \
	    - "$work/bundle.pem" "$url" | awk '{ print 1e3 * $1 }'
}

once_curl_together() {
	pinned_cost curl -s --http1.1 --cacert "$work/bundle.pem" \
	    "https://127.0.0.1:$port/?[1-4]" | awk '{ print 1e3 * $1 }'
}

# row NAME VALUE UNIT OF: a line of the table; with its ratio to OF
row() {
	awk -v name="$1" -v value="$2" -v unit="$3" -v of="${4:-}" 'BEGIN {
		ratio = of > 0 ? sprintf("%.2f", value / of) : ""
		printf "%-44s %10.4g %-12s %6s\n", name, value, unit, ratio }'
}

bench_probe() {
	local rounds=${1:-5} n=2000 name i bare
	build natdiff-probe tests/tools/bare_loop
	begin_work
	port=$(free_port)
	certificate 127.0.0.1
	start_server 127.0.0.1 "$port"

	echo "TLS handshake and answer, a new connection each" \
	    "                  (to bare)"
	bare=
	for name in bare natdiff h2load curl; do
		i=$(instructions $name)
		bare=${bare:-$i}
		row "$name: instructions" "$(awk "BEGIN { print $i / 1e6 }")" \
		    M "$(awk "BEGIN { print $bare / 1e6 }")"
	done
	for ((i = 0; i < rounds; i++)); do
		for name in bare natdiff h2load curl; do
			cpu $name $n >>"$work/cpu.$name"
		done
		cpu_blackbox $n >>"$work/cpu.blackbox"
		once_natdiff >>"$work/once.natdiff"
		once_curl >>"$work/once.curl"
		once_curl_together >>"$work/once.together"
	done
	bare=$(median <"$work/cpu.bare")
	for name in bare natdiff h2load curl blackbox; do
		row "$name: processor" "$(median <"$work/cpu.$name")" ms "$bare"
	done
	for name in bare natdiff h2load curl blackbox; do
		row "$name: a core makes" \
		    "$(median <"$work/cpu.$name" | awk '{ print 1e3 / $1 }')" \
		    "a second"
	done
	bare=
	for name in bare natdiff h2load blackbox; do
		i=$(echo "$(held $name 100) $(held $name 1100)" |
		    awk '{ print $2 - $1 }')
		bare=${bare:-$i}
		row "$name: 1,000 more that wait" "$i" MB "$bare"
	done
	bare=$(median <"$work/once.curl")
	echo "Four attempts from cron, with Debian's CA bundle" \
	    "                 (to curl)"
	row "curl, four times" "$bare" ms "$bare"
	row "curl, once with four URLs" "$(median <"$work/once.together")" \
	    ms "$bare"
	row "natdiff-probe run --once" "$(median <"$work/once.natdiff")" \
	    ms "$bare"
	end_server
}
