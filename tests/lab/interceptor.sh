# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of lib.sh
#
# For scenarios: another server in the endpoint's place, on the NAT's path.

# intercept trusted|untrusted: the gateway sends the endpoint's connections to a server
# with a certificate of another CA, which the agents trust or not.
intercept() {
  local at=$out/raw/interceptor port=14443 host
  mkdir -p "$at"
  (
    cd "$at" || exit
    echo 'subjectAltName=DNS:*.lab.test' >san.cnf
    openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
      -keyout ca.key -out ca.pem -days 30 -subj '/CN=Interceptor CA' \
      -addext basicConstraints=critical,CA:TRUE
    openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
      -keyout it.key -subj /CN=interceptor -out it.csr
    openssl x509 -req -in it.csr -CA ca.pem -CAkey ca.key -days 30 \
      -extfile san.cnf -out it.pem
  ) 2>/dev/null || return
  interceptor_conf "$at" "$(info address_a):$port" >"$at/nginx.conf"
  background on edge nginx -c "$at/nginx.conf" -e "$at/error.log"
  on gateway nft -f - <<END_RULES || return
table ip interceptor {
  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname "lan*" ip daddr $(info address_a) tcp dport 443 dnat to :$port
  }
}
END_RULES
  [ "$1" = trusted ] || return 0
  cat "$(info ca)" "$at/ca.pem" >"$out/both-cas.pem"
  for host in $(measuring); do
    sed -i "s|$(info ca)|$out/both-cas.pem|" "$out/$host.yaml"
  done
}

# interceptor_conf FOLDER LISTEN
interceptor_conf() {
  local kind
  cat <<END_CONF
daemon off;
user root root;
worker_processes 1;
pid $1/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
$(for kind in client_body proxy fastcgi uwsgi scgi; do
    echo "  ${kind}_temp_path $1/tmp;"
  done)
  server {
    listen $2 ssl;
    ssl_certificate $1/it.pem;
    ssl_certificate_key $1/it.key;
    default_type text/plain;
    location / { return 200 "natdiff lab\n"; }
    location = /listen {
      proxy_pass http://unix:$LAB_DIR/edge/websocket.sock;
      proxy_http_version 1.1;
      proxy_set_header Upgrade \$http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host \$host;
    }
  }
}
END_CONF
}
