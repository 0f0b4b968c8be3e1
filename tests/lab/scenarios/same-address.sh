# shellcheck shell=bash
# What was taken for the direct path leaves through the same NAT, whose pool is
# full or not: there is nothing to compare.

setup() {
  local pool=20000
  choose how full roomy
  conditions=(--nat-hosts 2)
  if [ "$how" = full ]; then
    pick pool 40 90
    conditions+=(--hold $((pool - 1)) --hold-down 4)
  fi
  conditions+=(--pool "$pool")
  expect any right=inconclusive
}

measuring() {
  printf '%s\n' nat1 nat2
}

before() {
  sed -i -e 's/role: nat/role: direct/; s/^  nat:/  direct:/' \
    -e "s|raw/nat2.db|raw/direct.db|" "$out/nat2.yaml"
}
