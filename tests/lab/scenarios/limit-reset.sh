# shellcheck shell=bash
# The far end resets what the NAT's address asks for above a limit: of
# connections open, or of new ones in a minute.  The NAT is fine.

setup() {
  choose what open rate
  pick limit 40 90
  expect any right=edge_address_limit also="inconclusive nat_port_exhaustion" \
    at-most=moderate rival=edge_address_limit
}

before() {
  if [ "$what" = open ]; then
    vendor "ct count over $limit reject with tcp reset"
    condition hold "$limit"
  else
    vendor "limit rate over $limit/minute burst 3 packets reject with tcp reset"
  fi
}
