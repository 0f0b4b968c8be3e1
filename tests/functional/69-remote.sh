#!/usr/bin/env bash
#
# scripts/paired-run and scripts/collect through a real sshd on two hosts of
# the lab.

# shellcheck disable=SC2016 # other shells have variables of their own
# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
PATH=$PATH:/usr/sbin
need_lab
command -v sshd >/dev/null || skip_all "openssh-server is not installed"
start_lab --pool 1000
ca=$(lab_info ca)
sshd=$(command -v sshd)

# An sshd in a host of the lab, where there is no root who could change to
# another user: as one who is no root, in a user namespace of its own.
mkdir -m 700 "$work/ssh" "$work/home" && cd "$work/ssh" || exit 1
ssh-keygen -q -t ed25519 -N '' -f key
ssh-keygen -q -t ed25519 -N '' -f host_key
cp key.pub authorized_keys
echo "operator:x:1000:1000::$work/home:/bin/bash" >passwd
cat >sshd_config <<END
HostKey $work/ssh/host_key
AuthorizedKeysFile $work/ssh/authorized_keys
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
SetEnv PATH=$TOP_BUILDDIR:$PATH
END
cat >enter <<'END'
cd "$1" && mount --bind passwd /etc/passwd &&
  exec unshare --user --map-user=1000 --map-group=1000 "$2" -i -e -f sshd_config 2>>"$3.log"
END
# The hosts' networks are not ours: sshd speaks through the way in.
cat >config <<END
Host direct nat
  User operator
  IdentityFile $work/ssh/key
  UserKnownHostsFile $work/ssh/known_hosts
  StrictHostKeyChecking accept-new
  LogLevel ERROR
  ProxyCommand env LAB_DIR=$LAB_DIR $lab exec %n -- unshare --mount sh $work/ssh/enter $work/ssh $sshd %n
END
export NATDIFF_SSH="ssh -F $work/ssh/config"
reachable() {
  local host
  for host in direct nat; do
    timeout 20 ssh -F config -o BatchMode=yes "$host" true || {
      cat "$host.log"
      return 1
    }
  done
}
check "both hosts answer ssh" reachable

cat >"$work/natdiff.yaml" <<END
paths:
  direct: { role: direct }
  nat: { role: nat }
endpoints:
  api: { url: "$(lab_info url_https)", ca: $ca }
schedule: { interval: 1s, port-budget: 1000 }
timeouts: { dns: 1s, connect: 2s, tls: 2s, request: 2s, done: 2s }
END

# ------------------------------------------------------------- paired-run
cd "$work" || exit 1
runs() {
  "$TOP_SRCDIR/scripts/paired-run" -c natdiff.yaml --duration 8s \
    -o pair --report "$report" direct nat >out 2>err || {
    cat out err
    return 1
  }
  contains "$(cat out)" "verdict: " &&
    contains "$(cat err)" "evidence.tar.gz are in pair"
}
check "paired-run measures on both, compares and packs" runs
paired() {
  local pairs
  pairs=$("$report" diff --format json pair/direct.db pair/nat.db |
    jq '.endpoints[] | select(.name == "api") | .pairs.both_ok')
  at_least "$pairs" 5
}
check "the agents fired in the same slots" paired
check "the bundle is whole" "$report" verify pair/evidence.tar.gz
# Their warnings name the configuration that they were sent.
left_behind() {
  local folder n=0
  # shellcheck disable=SC2013 # there are no blanks in them
  for folder in $(grep -oh '/tmp/natdiff-run\.[A-Za-z0-9]*' pair/*.log | sort -u); do
    n=$((n + 1))
    [ ! -e "$folder" ] || return
  done
  equals "$n" 2
}
check "nothing is left on the hosts" left_behind
# within SECONDS TEXT FILE: until it stands there
within() {
  local i
  for ((i = 0; i < $1 * 10; i++)); do
    ! grep -q "$2" "$3" 2>/dev/null || return 0
    sleep 0.1
  done
}
interrupted() {
  local pid
  rm -rf pair err
  "$TOP_SRCDIR/scripts/paired-run" -c natdiff.yaml --duration 10m \
    -o pair --report "$report" direct nat >out 2>err &
  pid=$!
  within 60 ' measure for ' err
  sleep 5
  kill -TERM "$pid" || return
  wait "$pid"
  [ -s pair/direct.db ] && [ -s pair/nat.db ] && contains "$(cat out)" "verdict: "
}
check "ended early, it compares what there is" interrupted
# From a terminal Ctrl-C reaches ssh as well, through which the agents are told.
# Ctrl-C when they have measured for some seconds; then the line stays open.
interrupts() {
  within 60 ' measure for ' out
  sleep 8
  printf '\003'
  within 60 'evidence.tar.gz are in' out
  sleep 1
}
control_c() {
  local connections
  connections=$(grep -c 'Accepted publickey' ssh/direct.log)
  rm -rf pair
  : >out
  # As from a terminal, even where these tests run in the background.
  interrupts | script -qefc "env --default-signal=INT $TOP_SRCDIR/scripts/paired-run \
    -c natdiff.yaml --duration 10m -o pair --report $report direct nat" /dev/null >out
  if contains "$(cat out)" "verdict: " &&
    equals "$(sqlite3 pair/direct.db "SELECT count(*) FROM run WHERE ended_at IS NULL")" 0 &&
    equals "$(cd pair && echo *)" "direct.db direct.log evidence.tar.gz nat.db nat.log" &&
    equals "$(grep -c 'Accepted publickey' ssh/direct.log)" $((connections + 1)); then
    return 0
  fi
  head -n 20 out pair/*.log
  return 1
}
check "so it does after Ctrl-C, when both agents have ended, on one connection" \
  control_c
# Both connections break while the agents measure, and can be had again.
breaks() {
  local pid socket role
  rm -rf pair err
  TMPDIR=$work "$TOP_SRCDIR/scripts/paired-run" -c natdiff.yaml --duration 8s \
    -o pair --report "$report" direct nat >out 2>err &
  pid=$!
  within 60 ' measure for ' err
  sleep 3
  for socket in natdiff-remote.*/*; do
    [ ! -S "$socket" ] || ssh -o ControlPath="$socket" -O exit natdiff 2>/dev/null
  done
  wait "$pid"
  equals "$?" 0 || return
  for role in direct nat; do
    equals "$(sqlite3 "pair/$role.db" \
      "SELECT count(*) FROM run WHERE ended_at IS NULL")" 0 || return
  done
}
check "where the connections break it waits for the agents' end" breaks
# A host that is away from the moment at which it has begun to measure.
cat >ssh-away <<END
#!/bin/sh
if [ -e $work/away ]; then
  case " \$* " in *" direct "*) echo "no route to host" >&2; exit 255 ;; esac
fi
exec ssh -F $work/ssh/config "\$@"
END
chmod +x ssh-away
goes_away() {
  local pid kept status
  rm -f err
  NATDIFF_SSH=$work/ssh-away "$TOP_SRCDIR/scripts/paired-run" -c natdiff.yaml \
    --duration 6s -o half --report "$report" direct nat >out 2>err &
  pid=$!
  within 60 ' measure for ' err
  sleep 4
  touch away
  wait "$pid"
  equals "$?" 1 && [ -s half/nat.db ] || return
  kept=$(sed -n 's/.* stays in \(.*\) there$/\1/p' err)
  contains "$(cat err)" "nothing to compare; what there is, is in half" && [ -s "$kept/natdiff.db" ]
  status=$?
  rm -rf "$kept" away
  return "$status"
}
check "what one host has measured is kept where the other is away" goes_away
not_there() {
  sed "s|^  IdentityFile.*|  IdentityFile $work/ssh/host_key|" ssh/config >ssh/config.other
  NATDIFF_SSH="ssh -F $work/ssh/config.other" "$TOP_SRCDIR/scripts/paired-run" \
    -c natdiff.yaml -o none --report "$report" direct nat >out 2>err
  equals "$?" 1 && contains "$(cat err)" "paired-run: direct: cannot work there" && [ ! -e none ]
}
check "a key that is not known there is said, and leaves nothing here" not_there
bad_key() {
  "$TOP_SRCDIR/scripts/paired-run" -c natdiff.yaml --sign natdiff.yaml -o none \
    --report "$report" direct nat >out 2>err
  equals "$?" 1 && contains "$(cat err)" "natdiff.yaml: not an Ed25519 private key"
}
check "a key that cannot sign is refused before the hosts measure" bad_key
refused() {
  "$TOP_SRCDIR/scripts/paired-run" -c natdiff.yaml --direct-path nowhere \
    -o pair2 --report "$report" direct nat >out 2>err
  equals "$?" 1 && contains "$(cat err)" "paired-run: direct: " &&
    contains "$(cat err)" nowhere
}
check "a configuration that is refused there is said here" refused

# ---------------------------------------------------------------- collect
mkdir there
cp pair/direct.db there/natdiff.db
collects() {
  "$TOP_SRCDIR/scripts/collect" -o all --database "$work/there/natdiff.db" direct nat >out 2>err || {
    cat out err
    return 1
  }
  equals "$(sqlite3 all/nat.db 'SELECT count(*) FROM attempt')" \
    "$(sqlite3 there/natdiff.db 'SELECT count(*) FROM attempt')" &&
    [ -s all/direct.db ]
}
check "collect fetches from all" collects
again() {
  "$TOP_SRCDIR/scripts/collect" -o all --database "$work/there/natdiff.db" direct nat >out &&
    equals "$(grep -c 'is there already' out)" 2
}
check "what is there already is not fetched again" again
partial() {
  "$TOP_SRCDIR/scripts/collect" -o all --younger 0 --database "$work/there/natdiff.db" direct nobody >out 2>err
  equals "$?" 1 && grep -q 'nobody: failed: .*nobody' err &&
    contains "$(cat out)" "direct: " && contains "$(cat err)" "1 of 2 hosts failed"
}
check "one host that fails does not stop the others, and is named" partial
# Half of a snapshot has come over when the connection breaks.
resumes() {
  local snapshot
  snapshot=$(mktemp /tmp/natdiff-snapshot.XXXXXXXX)
  sqlite3 there/natdiff.db ".backup main '$snapshot'"
  head -c 20000 "$snapshot" >all/nat.db.part
  echo "$snapshot" >all/nat.db.part.of
  rm all/nat.db
  # The rest is taken from this snapshot, whatever the database holds by now.
  sqlite3 there/natdiff.db "DELETE FROM attempt"
  "$TOP_SRCDIR/scripts/collect" -o all --database "$work/there/natdiff.db" nat >out || return
  [ ! -e "$snapshot" ] && [ ! -e all/nat.db.part ] &&
    at_least "$(sqlite3 all/nat.db 'SELECT count(*) FROM attempt')" 5
}
check "an interrupted fetch goes on where it was" resumes
damaged() {
  echo "no database" >there/natdiff.db
  "$TOP_SRCDIR/scripts/collect" -o all --younger 0 --database "$work/there/natdiff.db" nat >out 2>err
  equals "$?" 1 && at_least "$(sqlite3 all/nat.db 'SELECT count(*) FROM attempt')" 5
}
check "what is no database does not replace one that is" damaged
done_testing
