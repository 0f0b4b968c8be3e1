# shellcheck shell=bash
# The far end drops the SYNs of the NAT's address above a limit: of connections
# open, or of new ones in a minute.  From inside it looks like a full pool.

setup() {
  choose what open rate
  pick limit 40 90
  expect any right=edge_address_limit also="inconclusive nat_port_exhaustion" \
    at-most=moderate rival=edge_address_limit
}

before() {
  if [ "$what" = open ]; then
    vendor "ct count over $limit drop"
    condition hold "$limit"
  else
    vendor "limit rate over $limit/minute burst 3 packets drop"
  fi
}
