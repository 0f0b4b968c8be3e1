# shellcheck shell=bash
# Nothing is wrong: a NAT with room enough.

setup() {
  local pool
  pick pool 8000 30000
  conditions=(--pool "$pool")
  burst=7
  expect any must=yes right=healthy
}
