# shellcheck shell=bash
# The NAT hands ports out again while the far end, which closed first, still
# holds their old connections in TIME_WAIT.  Without timestamps it cannot know
# the new SYN from an old one in half of the cases; so it is for hosts that
# share a public address and whose timestamps have nothing to do with each
# other.

# A pool that is small for its traffic, and a far end that remembers.
ports_come_back() {
  local pool
  pick pool 40 70
  pick rate 6 10
  conditions=(--pool "$pool")
  edge_time_wait=yes
}

setup() {
  ports_come_back
  expect any must=yes right=nat_port_reuse
}

begin_churn() {
  on nat sysctl -qw net.ipv4.tcp_timestamps=0
  background on nat /usr/bin/python3 "$lab_tests/churn.py" --served \
    "$(info address_a)" 443 "$rate"
  sleep 20
}

before() {
  begin_churn
}
