# shellcheck shell=bash
# The endpoint is down, for everybody: it refuses, or nothing comes back.

setup() {
  choose how closed silent
  [ "$how" = silent ] || conditions=(--edge closed)
  expect any must=yes right=endpoint_down
}

before() {
  [ "$how" = closed ] || on edge nft -f - <<END_RULES
table inet down {
  chain input {
    type filter hook input priority 10
    ip daddr $(info address_a) tcp dport 443 drop
  }
}
END_RULES
}
