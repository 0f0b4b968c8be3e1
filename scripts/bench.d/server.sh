# shellcheck shell=bash
#
# The far end of scripts/bench: one nginx for all clients, with a key of the
# lab's kind.  In $work; ended with end_server.

# certificate ADDRESS: trusted as it is, so that there is one signature to
# check, the least that a handshake takes.
# shellcheck disable=SC2154 # work: of the main script
certificate() {
	openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
	    -keyout "$work/edge.key" -out "$work/ca.pem" -days 30 \
	    -subj /CN=edge.test \
	    -addext "subjectAltName=DNS:edge.test,IP:$1" 2>/dev/null
	# The system's store as well: what a host has to read.
	cat /etc/ssl/certs/ca-certificates.crt "$work/ca.pem" \
	    >"$work/bundle.pem"
}

# nginx_conf ADDRESS:PORT
nginx_conf() {
	local kind
	cat <<-END
		daemon off;
		pid $work/nginx.pid;
		error_log $work/nginx.log crit;
		worker_processes 1;
		$([ "$(id -u)" -ne 0 ] || echo "user root root;")
		worker_rlimit_nofile 20000;
		events { worker_connections 9000; }
		http {
	END
	for kind in client_body proxy fastcgi uwsgi scgi; do
		echo "${kind}_temp_path $work;"
	done
	cat <<-END
		access_log off;
		keepalive_timeout 0;
		server {
		  listen $1 ssl backlog=8192;
		  ssl_certificate $work/ca.pem;
		  ssl_certificate_key $work/edge.key;
		  ssl_protocols TLSv1.2 TLSv1.3;
		  default_type text/plain;
		  location / { return 200 "natdiff lab\n"; }
		  location = /hold {
		    proxy_pass http://unix:$work/hold.sock;
		    proxy_read_timeout 600s;
		  }
		}
		}
	END
}

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# wait_for_port ADDRESS PORT
wait_for_port() {
	local i
	for ((i = 0; i < 200; i++)); do
		! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null || return 0
		sleep 0.1
	done
	echo "bench: nobody listens on $1:$2" >&2
	return 1
}

# pinned CPU COMMAND...: there, if there are two
pinned() {
	local cpu=$1
	shift
	if [ "$(nproc)" -lt 2 ]; then
		exec "$@"
	fi
	exec taskset -c "$cpu" "$@"
}

# start_server ADDRESS PORT: nginx, and behind /hold one that never answers
start_server() {
	nginx_conf "$1:$2" >"$work/nginx.conf"
	(pinned 1 /usr/sbin/nginx -c "$work/nginx.conf") \
	    2>"$work/nginx.err" &
	server_pids="$!"
	/usr/bin/python3 -c 'import signal, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(8192)
signal.pause()' "$work/hold.sock" &
	server_pids="$server_pids $!"
	wait_for_port "$1" "$2"
}

end_server() {
	local pid
	for pid in ${server_pids:-}; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	server_pids=
}

# median: of the numbers on standard input
median() {
	sort -g | awk '{ x[NR] = $1 } END {
		if (NR > 0)
			print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'
}

# percentile P: of the numbers on standard input
percentile() {
	sort -g | awk -v p="$1" '{ x[NR] = $1 } END {
		i = int(NR * p / 100 + 0.5)
		if (NR > 0)
			print x[i < 1 ? 1 : i] }'
}
