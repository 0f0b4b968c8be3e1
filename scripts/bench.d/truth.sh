# shellcheck shell=bash
#
# scripts/bench truth: how far the times of the probe, of curl and of
# blackbox_exporter are off a capture of the same connections.
#
# All in a network of its own, where each attempt of the exporter can have a
# destination address of its own: that is how its connections are told apart.

# shellcheck disable=SC2154 # here, out, top, work: of the main script

# capture COMMAND...: makes $work/wire of what it does, a connection a line:
# both ends as PORT and ADDRESS, us from SYN to SYN-ACK, from there to the
# ClientHello, and to the client's second message, which has its Finished.
capture() {
	local i pid
	rm -f "$work/wire.pcapng"
	dumpcap -q -i lo -s 128 -B 64 -f 'tcp port 443' \
	    -w "$work/wire.pcapng" 2>"$work/dumpcap" &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		! grep -q '^File:' "$work/dumpcap" || break
		sleep 0.05
	done
	"$@" || echo "bench: $1: exit status $?" >&2
	sleep 0.5
	kill -INT "$pid"
	wait "$pid" || :
	HOME=$work tshark -n -r "$work/wire.pcapng" -T fields -e tcp.srcport \
	    -e tcp.dstport -e ip.dst -e tcp.flags.syn -e tcp.flags.ack \
	    -e tcp.len -e frame.time_epoch 2>/dev/null | awk '
		function us(a, b) { return ((b - a) % 1e6) * 1e6 }
		{ at = substr($7, 6) + 0 }
		$4 && !$5 && !($1 in syn) { syn[$1] = at; to[$1] = $3 }
		$4 && $5 && !($2 in ack) { ack[$2] = at }
		$2 == 443 && $6 > 0 && ++said[$1] == 1 { hello[$1] = at }
		$2 == 443 && $6 > 0 && said[$1] == 2 && !($1 in fin) {
			fin[$1] = at }
		END {
			for (p in fin)
				printf "%d %s %.1f %.1f %.1f\n", p, to[p],
				    us(syn[p], ack[p]), us(ack[p], hello[p]),
				    us(ack[p], fin[p])
		}' | sort >"$work/wire"
}

truth_natdiff() {
	local at_once=$1 n=$2
	rm -f "$work"/truth.db*
	cat >"$work/truth.yaml" <<-END
		agent: { database: $work/truth.db }
		paths: { nat: { role: nat } }
		endpoints: { e: { url: "https://127.0.0.1/", ca: $work/ca.pem } }
		schedule:
		  interval: $([ "$at_once" -gt 1 ] && echo 1s || echo 100ms)
		  burst: $at_once
		  port-budget: 1000000
		timeouts: { dns: 5s, connect: 30s, tls: 30s, request: 30s, done: 5s }
	END
	# In the last instants of a slot all of it is fired at once.
	local now=${EPOCHREALTIME/[.,]/}
	sleep "$(awk -v us=$(((1900000 - now % 1000000) % 1000000)) \
	    'BEGIN { print us / 1e6 }')"
	if [ "$at_once" -gt 1 ]; then
		./natdiff-probe run -c "$work/truth.yaml" --once
	else
		./natdiff-probe run -c "$work/truth.yaml" --slots "$n"
	fi >/dev/null 2>"$work/log"
}

truth_curl() {
	local at_once=$1 n=$2 i pids=()
	local format='%{local_port} %{time_connect} %{time_appconnect}\n'
	rm -f "$work"/curl.[0-9]*
	if [ "$at_once" -eq 1 ]; then
		curl -s --http1.1 --cacert "$work/ca.pem" -o /dev/null \
		    -w "$format" "https://127.0.0.1/?[1-$n]" >"$work/curl.1"
		return
	fi
	# One curl has 300 at a time at most.
	for i in 1 2; do
		curl -Z --parallel-immediate --parallel-max 250 \
		    --no-progress-meter --http1.1 --cacert "$work/ca.pem" \
		    -o /dev/null -w "$format" \
		    "https://127.0.0.1/?[1-$((n / 2))]" >"$work/curl.$i" &
		pids+=("$!")
	done
	wait "${pids[@]}"
}

truth_blackbox() {
	local at_once=$1 n=$2 i pids=()
	local probe="http://127.0.0.1:$blackbox_port/probe?module=probe"
	rm -rf "$work/probes"
	mkdir "$work/probes"
	for ((i = 0; i < n; i++)); do
		echo "url = \"$probe&target=https://127.1.$((i / 250)).$((i % 250 + 1))/\""
		echo "output = \"$work/probes/127.1.$((i / 250)).$((i % 250 + 1))\""
	done >"$work/probes.conf"
	if [ "$at_once" -eq 1 ]; then
		curl -s -K "$work/probes.conf"
		return
	fi
	split -n l/2 "$work/probes.conf" "$work/probes.half."
	for i in aa ab; do
		curl -Z --parallel-immediate --parallel-max 250 \
		    --no-progress-meter -K "$work/probes.half.$i" &
		pids+=("$!")
	done
	wait "${pids[@]}"
}

# told NAME: what it says: key, connect and TLS in us, and the loop's delay
told() {
	case $1 in
	natdiff)
		sqlite3 -separator ' ' "$work/truth.db" \
		    "SELECT local_port, connect_us, tls_us, loop_lag_us
		    FROM attempt WHERE failure IS NULL"
		;;
	curl)
		awk '{ printf "%d %.0f %.0f 0\n", $1, $2 * 1e6,
		    ($3 - $2) * 1e6 }' "$work"/curl.[0-9]*
		;;
	blackbox)
		(cd "$work/probes" && awk '
			/^probe_http_duration_seconds.*"connect"/ { c = $2 }
			/^probe_http_duration_seconds.*"tls"/ {
				printf "%s %.0f %.0f 0\n", FILENAME,
				    c * 1e6, $2 * 1e6 }' 127.*)
		;;
	esac
}

# truth_row NAME AT-ONCE
truth_row() {
	local name=$1 key=1 c
	[ "$name" != blackbox ] || key=2
	sort -k $key,$key "$work/wire" >"$work/wire.sorted"
	told "$name" | sort -k 1,1 |
	    join -1 1 -2 $key -o 2.3,2.4,2.5,1.2,1.3,1.4 - \
		"$work/wire.sorted" >"$work/both"
	printf '%-10s %5d %6d' "$name" "$2" "$(wc -l <"$work/both")"
	# Connect; TLS from the SYN-ACK on, and from the ClientHello on.
	# shellcheck disable=SC2016 # of awk
	for c in '$4 - $1' '$5 - $3' '$5 - $3 + $2'; do
		awk "{ d = $c; print d < 0 ? -d : d }" "$work/both" \
		    >"$work/errors"
		printf ' %10.0f %10.0f' "$(median <"$work/errors")" \
		    "$(percentile 99 <"$work/errors")"
	done
	if [ "$name" = natdiff ]; then
		# Nobody came for the SYN-ACK for more than a ms.
		awk '$2 > 1000 { late++; marked += $6 >= 1000 }
		    END { printf " %6d %6d", late, marked }' "$work/both"
	fi
	echo
}

truth_in_network() {
	local n=$1 at_once name
	work=$TRUTH_WORK
	cd "$out" || return
	ip link set lo up
	trap end_server EXIT
	# shellcheck disable=SC2034 # of probe.sh
	port=443
	start_server 0.0.0.0 443
	sysctl -q -w net.ipv4.ip_local_port_range="1024 65000" 2>/dev/null || :
	printf '%-10s %5s %6s %21s %21s %21s %13s\n' '' in '' \
	    'connect off by us' 'from the SYN-ACK' 'from the hello' late
	printf '%-10s %5s %6s %10s %10s %10s %10s %10s %10s %6s %6s\n' client \
	    flight joined median p99 median p99 median p99 '>1 ms' marked
	for at_once in 1 500; do
		for name in natdiff curl blackbox; do
			[ $name != blackbox ] || start_blackbox
			capture truth_$name $at_once \
			    $((at_once > 1 ? 500 : n / 5))
			[ $name != blackbox ] || end_blackbox
			truth_row $name $at_once
		done
	done
}

bench_truth() {
	build natdiff-probe
	begin_work
	certificate 127.0.0.1
	export TRUTH_WORK=$work
	unshare --user --map-root-user --net --mount --pid --fork \
	    --kill-child --mount-proc "$here/bench" truth-in-network \
	    "${1:-500}"
}
