# shellcheck shell=bash
# Loss of what comes back through the NAT, and of nothing else.  The timers of
# both ends, of one kernel, go off at once: most lost SYN-ACKs come twice, as
# if an old connection had answered.

setup() {
  local loss
  pick loss 4 12
  conditions=(--loss-in "$loss")
  burst=4
  expect any right=nat_path_loss also=inconclusive
}
