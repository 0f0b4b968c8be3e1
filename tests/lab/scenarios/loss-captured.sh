# shellcheck shell=bash
# SYNs that somebody beyond the NAT loses, and a capture between the two.  The
# pool is so small that most of its ports come back within a minute, which hurts
# nobody here: SYNs of such ports go without an answer no more than others.

setup() {
  local pool
  pick pool 120 180
  pick lost 5 12
  conditions=(--pool "$pool" --time-wait 1)
  burst=4
  expect any right=nat_path_loss also=inconclusive
}

before() {
  on edge nft -f - <<END && capture_outside
table inet beyond {
  chain prerouting {
    type filter hook prerouting priority raw
    ip saddr $(info nat_public) tcp flags & (syn | ack) == syn numgen random mod 100 < $lost drop
  }
}
END
}

after() {
  import_captured
}
