# shellcheck shell=bash
# Something on the path of the NAT resets connections when it sees the
# ClientHello.

setup() {
  local share
  pick share 60 100
  conditions=(--reset "hello:$share")
  expect any must=yes right=nat_path_interference
}
