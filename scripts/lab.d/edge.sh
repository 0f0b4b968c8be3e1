# shellcheck shell=bash
#
# The vendor's edge, all of it made anew for each lab: certificates of a CA of
# its own, nginx, a WebSocket server, and the hosts' resolvers.
#
#   A:443     nginx, ECDSA, TLS 1.2 and 1.3: the endpoint; /listen is WebSocket
#   B:443     nginx, RSA
#   A:8443    nginx: the control endpoint
#   A:9443    the WebSocket server with TLS of its own
#   A:9444    websocketd, another WebSocket server, where it is installed
#   A:12443   TLS 1.2 only (RSA)         A:13443   TLS 1.3 only (ECDSA)
#   A:7443    natdiff-probe witness, where the condition witness is on;
#   A:7444    the same at another port, for a control
#   B:80      plain HTTP; /whoami answers with the caller's address
#
# On every nginx port: /status/N for the usual N, /slow?N (the answer after N
# seconds), /slow-listen?N (the upgrade after N seconds), /body?N (N bytes).

# shellcheck disable=SC2154 # dir, here, cond: of the main script
EDGE_STATUSES="200 204 301 302 400 401 403 404 429 500 502 503 504"

# The folder's tool, built with the rest, or here and now.
tool() {
  local name=$1 d
  for d in "${TOP_BUILDDIR:-/nowhere}" "$here/.."; do
    if [ -x "$d/tests/tools/$name" ]; then
      echo "$d/tests/tools/$name"
      return
    fi
  done
  if [ ! -x "$dir/tools/$name" ]; then
    mkdir -p "$dir/tools"
    "${CC:-cc}" -std=c11 -O2 -o "$dir/tools/$name" \
      "$here/../tests/tools/$name.c" ||
      die "$name: cannot be built (make check builds it)"
  fi
  echo "$dir/tools/$name"
}

# certificate NAME KEY_ARGUMENTS...
certificate() {
  local name=$1
  shift
  openssl req -new -nodes -newkey "$@" -keyout "$name.key" -subj "/CN=$name" \
    -out "$name.csr" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -days 30 \
    -set_serial "0x$(openssl rand -hex 8)" -extfile san.cnf \
    -out "$name.pem" 2>/dev/null
  rm "$name.csr"
}

edge_certificates() (
  mkdir -p "$dir/tls"
  cd "$dir/tls" || exit
  {
    echo "subjectAltName=DNS:*.lab.test,IP:$EDGE_A,IP:$EDGE_B,IP:$EDGE_A6"
    echo 'extendedKeyUsage=serverAuth'
  } >san.cnf
  openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -keyout ca.key -out ca.pem -days 30 -subj '/CN=natdiff lab CA' \
    -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  certificate ecdsa ec -pkeyopt ec_paramgen_curve:P-256
  certificate rsa rsa:2048
)

# nginx_server CERTIFICATE PROTOCOLS ADDRESS:PORT...
nginx_server() {
  local cert=$1 protocols=$2 l s
  shift 2
  echo "server {"
  for l in "$@"; do
    echo "  listen $l backlog=8192 ${cert:+ssl};"
  done
  if [ -n "$cert" ]; then
    echo "  ssl_certificate $dir/tls/$cert.pem;"
    echo "  ssl_certificate_key $dir/tls/$cert.key;"
    echo "  ssl_protocols $protocols;"
  fi
  cat <<END
  default_type text/plain;
  include $dir/edge/limit.conf;
  location / { return 200 "natdiff lab\n"; }
  location = /whoami { return 200 "\$remote_addr\n"; }
  location = /body { proxy_pass http://unix:$dir/edge/slow.sock; }
  location = /slow { proxy_pass http://unix:$dir/edge/slow.sock; }
  location ~ ^/(slow-)?listen$ {
    proxy_pass http://unix:$dir/edge/websocket.sock;
    proxy_set_header Upgrade \$http_upgrade;
    proxy_set_header Connection upgrade;
    proxy_set_header Host \$host;
  }
END
  for s in $EDGE_STATUSES; do
    echo "  location = /status/$s { return $s; }"
  done
  echo "}"
}

nginx_conf() {
  local files
  files=$(ulimit -Hn)
  [ "$files" != unlimited ] && [ "$files" -le 65536 ] || files=65536
  cat <<END
user root root;
worker_processes 2;
worker_rlimit_nofile $files;
pid $dir/edge/nginx.pid;
error_log $dir/log/nginx-error.log;
events { worker_connections $((files / 2)); }
http {
  log_format lab '\$msec \$remote_addr:\$remote_port'
    ' \$server_addr:\$server_port \$status \$request_time'
    ' tls=\$ssl_protocol id=\$http_x_request_id'
    ' traceparent=\$http_traceparent "\$request"';
  access_log $dir/log/edge-access.log lab;
  client_body_temp_path $dir/edge/body;
  proxy_temp_path $dir/edge/proxy;
  fastcgi_temp_path $dir/edge/fastcgi;
  uwsgi_temp_path $dir/edge/uwsgi;
  scgi_temp_path $dir/edge/scgi;
  server_tokens off;
  proxy_http_version 1.1;
  # Held connections are held by the client, which says nothing.
  client_header_timeout 24h;
  keepalive_timeout 24h;
  proxy_read_timeout 24h;
END
  nginx_server ecdsa 'TLSv1.2 TLSv1.3' "$EDGE_A:443" "[$EDGE_A6]:443" \
    "$EDGE_A:8443" "[$EDGE_A6]:8443"
  nginx_server rsa 'TLSv1.2 TLSv1.3' "$EDGE_B:443"
  nginx_server rsa TLSv1.2 "$EDGE_A:12443"
  nginx_server ecdsa TLSv1.3 "$EDGE_A:13443"
  nginx_server '' '' "$EDGE_B:80"
  echo "}"
}

# What only the NAT's address meets at nginx, and only at the endpoint.
edge_limit() {
  case ${cond[edge]} in
  403 | 429)
    echo "set \$caller \$remote_addr/\$server_port;"
    echo "if (\$caller = $NAT_PUBLIC/443) { return ${cond[edge]}; }"
    ;;
  esac
}

edge_start() {
  local ws=(/usr/bin/python3 "$here/lab.d/edge.py")
  mkdir -p "$dir/edge"
  edge_certificates
  edge_limit >"$dir/edge/limit.conf"
  nginx_conf >"$dir/edge/nginx.conf"
  background edge edge "${ws[@]}" --websocket "unix:$dir/edge/websocket.sock" \
    --slow "unix:$dir/edge/slow.sock" \
    --tls-websocket "$EDGE_A:9443" --cert "$dir/tls/ecdsa.pem" \
    --key "$dir/tls/ecdsa.key" --ready "$dir/edge/ready"
  ! command -v websocketd >/dev/null ||
    background edge websocketd websocketd --address "$EDGE_A" --port 9444 \
      --ssl --sslcert "$dir/tls/ecdsa.pem" --sslkey "$dir/tls/ecdsa.key" cat
  daemon edge nginx nginx -c "$dir/edge/nginx.conf" \
    -e "$dir/log/nginx-error.log" ||
    die "nginx: $(tail -n 1 "$dir/log/nginx.log")"
  wait_for nginx edge_nginx_found
  wait_for "the WebSocket server" test -e "$dir/edge/ready"
  dns_start edge "$EDGE_DNS" direct ok
}

# The master process, by its id out here.
edge_nginx_found() {
  pgrep -P "$(cat "$dir/init")" -f '^nginx: master' >"$dir/edge/nginx.outer"
}

# The workers of nginx that take connections.
edge_workers() {
  pgrep -P "$(cat "$dir/edge/nginx.outer")" -f '^nginx: worker process$' |
    paste -sd' '
}

# None of these takes connections any more, and others do.
edge_reloaded() {
  local w now
  now=$(edge_workers)
  for w in $1; do
    [[ " $now " != *" $w "* ]] || return 1
  done
  [ -n "$now" ]
}

edge_reload() {
  local before
  before=$(edge_workers)
  edge_limit >"$dir/edge/limit.conf"
  nsenter "${enter_flags[@]}" -p -t "$(host_pid edge)" -- nginx \
    -c "$dir/edge/nginx.conf" -e "$dir/log/nginx-error.log" -s reload
  wait_for "nginx with its new configuration" edge_reloaded "$before"
}

# The probe, built with the rest or installed.
probe_program() {
  local d
  for d in "${TOP_BUILDDIR:-/nowhere}" "$here/.."; do
    if [ -x "$d/natdiff-probe" ]; then
      echo "$d/natdiff-probe"
      return
    fi
  done
  command -v natdiff-probe ||
    die "natdiff-probe: not found (TOP_BUILDDIR says where it was built)"
}

witness_pids() {
  local init
  read -r init <"$dir/init"
  pgrep -P "$init" -f -- 'natdiff-probe witness' || true
}

witness_is_gone() {
  [ -z "$(witness_pids)" ]
}

apply_witness() {
  local pid probe
  for pid in $(witness_pids); do
    kill -TERM "$pid" 2>/dev/null || true
  done
  wait_for "the witness's end" witness_is_gone
  [ "${cond[witness]}" = on ] || return 0
  probe=$(probe_program)
  rm -f "$dir/log/witness.log"
  background edge witness "$probe" witness --database "$dir/edge/witness.db" \
    --certificate "$dir/tls/ecdsa.pem" --key "$dir/tls/ecdsa.key" \
    --listen "$EDGE_A:7443" --listen "$EDGE_A:7444" \
    --listen "[$EDGE_A6]:7443" --listen "[$EDGE_A6]:7444"
  wait_for "the witness" grep -qs '^ready' "$dir/log/witness.log"
}

dns_records() {
  local n a=$EDGE_A
  [ "$1" != other ] || a=$EDGE_B
  for n in api control witness ws tls12 tls13; do
    echo "host-record=$n.lab.test,$a"
  done
  cat <<END
host-record=other.lab.test,$EDGE_B
host-record=plain.lab.test,$EDGE_B
host-record=whoami.lab.test,$EDGE_B
host-record=many.lab.test,$EDGE_A
host-record=many.lab.test,$EDGE_B
host-record=dual.lab.test,$EDGE_A,$EDGE_A6
host-record=v6.lab.test,$EDGE_A6
END
}

# dns_start HOST ADDRESS NAME HOW: a resolver for lab.test.
dns_start() {
  local host=$1 address=$2 name=$3 how=$4 conf=$dir/edge/dns-$3.conf
  end_background "dnsmasq.*$conf"
  {
    cat <<END
listen-address=$address
bind-interfaces
no-resolv
no-hosts
no-poll
END
    case $how in
    ok | silent | other)
      echo "local=/lab.test/"
      dns_records "$how"
      ;;
    nxdomain) echo "local=/lab.test/" ;;
    refuse) ;;
    fail)
      # Signatures asked of a zone that has none: SERVFAIL, the way it mostly
      # comes about.
      echo "server=/lab.test/$EDGE_DNS"
      echo "dnssec"
      echo "trust-anchor=.,1,13,2,$(printf "%064d" 0)"
      echo "trust-anchor=lab.test,1,13,2,$(printf "%064d" 0)"
      ;;
    esac
  } >"$conf"
  rm -f "$dir/log/dns-$name.log"
  # Not as a daemon: that would change groups, which mapped root cannot.
  background "$host" "dns-$name" dnsmasq --no-daemon -C "$conf"
  wait_for "dnsmasq" grep -qs started "$dir/log/dns-$name.log"
}
