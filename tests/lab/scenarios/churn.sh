# shellcheck shell=bash
# Connections are short and many; each port stays taken for a while after its
# connection closed, so the pool runs dry.

setup() {
  local pool keep excess
  pick pool 60 120
  pick keep 12 20
  pick excess 110 150
  # Ports come free at pool/keep a second.
  rate=$((pool * excess / keep / 100))
  conditions=(--pool "$pool" --hold-down "$keep")
  expect hosts right=nat_port_exhaustion also=inconclusive at-most=moderate \
    rival=edge_address_limit
  expect gateway must=yes right=nat_port_exhaustion at-least=strong
}

before() {
  background on nat /usr/bin/python3 "$lab_tests/churn.py" \
    "$(info address_a)" 443 "$rate"
  sleep 20
}
