# shellcheck shell=bash
# A little loss on the path of the NAT, each way.

setup() {
  local loss
  pick loss 150 280
  conditions=(--loss "$((loss / 100)).$((loss % 100 / 10))")
  burst=4
  expect any right=nat_path_loss also=inconclusive
}
