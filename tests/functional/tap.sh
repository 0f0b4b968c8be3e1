# shellcheck shell=bash
#
# What the functional tests share: TAP on standard output, a temporary folder
# in $work, and an end to everything that was started.

set -u
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

probe=$TOP_BUILDDIR/natdiff-probe
report=$TOP_BUILDDIR/natdiff-report
tools=$TOP_BUILDDIR/tests/tools
lab=$TOP_SRCDIR/scripts/lab
export probe report tools lab

tap_n=0
tap_children=()
work=$(mktemp -d "${TMPDIR:-/tmp}/natdiff-test.XXXXXX")

# Override to clean up more; runs before the folder goes.
tap_cleanup() { :; }

tap_exit() {
  local pid
  tap_cleanup
  for pid in ${tap_children[@]+"${tap_children[@]}"}; do
    kill "$pid" 2>/dev/null
  done
  wait 2>/dev/null
  rm -rf "$work"
}
trap tap_exit EXIT
trap 'exit 1' INT TERM

# background COMMAND...: ended with the test; $! is its process
background() {
  "$@" &
  tap_children+=($!)
}

# check NAME COMMAND...: one test; its output is shown where it fails
check() {
  local name=$1 out
  shift
  tap_n=$((tap_n + 1))
  if out=$("$@" 2>&1); then
    echo "ok $tap_n - $name"
  else
    echo "not ok $tap_n - $name"
    printf '%s\n' "$*" "$out" | sed 's/^/# /'
  fi
}

# skip NAME REASON
skip() {
  tap_n=$((tap_n + 1))
  echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() {
  echo "1..0 # SKIP $*"
  exit 0
}

# The lab, which ends with the test, or a visible skip; in CI it must run.
need_lab() {
  local reason
  if ! reason=$("$lab" check 2>&1); then
    if [ -n "${NATDIFF_REQUIRE_LAB:-}" ]; then
      echo "Bail out! $reason"
      exit 1
    fi
    skip_all "$reason"
  fi
  LAB_DIR=$work/lab
  export LAB_DIR
  # shellcheck disable=SC2317 # tap_exit() calls it
  tap_cleanup() { "$lab" down >/dev/null 2>&1; }
}

# start_lab [CONDITION...]
start_lab() {
  "$lab" up "$@" >"$work/up.log" 2>&1 && return
  sed 's/^/# /' "$work/up.log"
  echo "Bail out! the lab does not start"
  exit 1
}

# lab_info NAME: one value of `lab info`
lab_info() { "$lab" info | sed -n "s/^$1=//p"; }

done_testing() {
  echo "1..$tap_n"
}

equals() {
  [ "$1" = "$2" ] || {
    echo "got      $1"
    echo "expected $2"
    return 1
  }
}

at_least() {
  [ "$1" -ge "$2" ] || {
    echo "$1 is less than $2"
    return 1
  }
}

contains() {
  case $1 in
  *"$2"*) ;;
  *)
    echo "not in it: $2"
    echo "$1"
    return 1
    ;;
  esac
}

# matches TEXT EXPRESSION: an extended regular expression finds it
matches() {
  [[ $1 =~ $2 ]] || {
    echo "got      $1"
    echo "no match $2"
    return 1
  }
}

# known FILE GOT: GOT is what is known; make check UPDATE_KNOWN=yes makes it so
known() {
  [ -z "${UPDATE_KNOWN:-}" ] || cp "$2" "$1"
  diff -u "$1" "$2"
}

# sql DATABASE QUERY
sql() { sqlite3 -batch -noheader "$1" "$2"; }

# free_ports N: that many TCP ports that the kernel says are free
free_ports() {
  /usr/bin/python3 - "$1" <<'END'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))
END
}

# in_slot INTERVAL_US PERCENT: waits until so much of a slot is over
in_slot() {
  local now=${EPOCHREALTIME/[.,]/} us
  us=$((($1 * $2 / 100 - now % $1 + $1) % $1))
  sleep "$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))"
}

# wait_for_port PORT: until somebody listens there, 10 s at most
wait_for_port() {
  local i
  for i in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  echo "nobody listens on port $1 after $i tries" >&2
  return 1
}

# certificate NAME SUBJECT-ALT-NAME CA KEY-TYPE [OPTION...]: NAME.pem, NAME.key
certificate() {
  local name=$1 san=$2 ca=$3 key=("$4")
  shift 4
  [ "${key[0]}" != ec ] || key+=(-pkeyopt ec_paramgen_curve:P-256)
  openssl req -new -newkey "${key[@]}" \
    -nodes -keyout "$name.key" -subj "/CN=$name" -out "$name.csr" 2>/dev/null
  printf 'subjectAltName=%s\n' "$san" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$ca.pem" -CAkey "$ca.key" \
    -CAcreateserial -extfile "$name.ext" -out "$name.pem" "$@" 2>/dev/null
}

# authority NAME: NAME.pem, NAME.key
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null
}

# nginx_main: what an nginx.conf of ours begins with, up to its servers; all
# files are in the current folder
nginx_main() {
  local kind
  cat <<END
daemon off;
pid nginx.pid;
error_log stderr crit;
worker_processes 1;
$([ "$(id -u)" -eq 0 ] && echo "user root root;")
events { worker_connections 1024; }
http {
END
  for kind in client_body proxy fastcgi uwsgi scgi; do
    echo "  ${kind}_temp_path $PWD;"
  done
}
