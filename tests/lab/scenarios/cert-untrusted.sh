# shellcheck shell=bash
# On the NAT's path another server answers for the endpoint, with a certificate
# of a CA that the probe does not trust.

# shellcheck source=tests/lab/interceptor.sh
. "$lab_tests/interceptor.sh"

setup() {
  expect any must=yes right=nat_path_interference
}

before() {
  intercept untrusted
}
