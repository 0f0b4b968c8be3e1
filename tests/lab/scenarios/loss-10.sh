# shellcheck shell=bash
# Much loss on the path of the NAT, each way.

setup() {
  local loss
  pick loss 9 14
  conditions=(--loss "$loss")
  burst=4
  expect any must=yes right=nat_path_loss
}
