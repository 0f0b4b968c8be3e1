#!/usr/bin/env bash
#
# What is there to be copied: the README's first use, systemd units, bash
# completion.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
examples=$TOP_SRCDIR/scripts/examples

# systemd wants the program to be where the unit says.
units() {
  mkdir -p "$work/units" && cp "$examples"/*.service "$examples"/*.timer "$work/units" &&
    sed -i "s#^ExecStart=/usr/bin/#ExecStart=$TOP_BUILDDIR/#" "$work"/units/*.service &&
    systemd-analyze verify --man=no "$work"/units/*
}
# exposed UNIT: at most 2.0, of 10
exposed() {
  systemd-analyze security --offline=true --threshold=20 "$examples/$1" ||
    systemd-analyze security --offline=true "$examples/$1"
}
if command -v systemd-analyze >/dev/null; then
  check "systemd takes the units" units
  for unit in natdiff.service natdiff-once.service natdiff-witness.service; do
    check "$unit is exposed to little" exposed "$unit"
  done
else
  skip "systemd takes the units" "systemd is not installed"
fi
# The first use of the README, at addresses that need no resolver.
first_use() {
  local command
  cd "$work" || return
  sed -n '/^## A first real use/,/^Or all/s/^    //p' "$TOP_SRCDIR/README.md" >lines
  sed '/^natdiff/,$d; s#https://api[a-z.]*/#http://127.0.0.1:9/#
    s#https://status[a-z.]*/#http://127.0.0.1:10/#' lines >natdiff.yaml
  "$probe" check -c natdiff.yaml >out || return
  at_least "$(grep -c '^natdiff-probe run ' lines)" 1 || return
  command=$(sed -n 's/--duration 10m/--slots 1/; s/^natdiff-probe \(run [^#]*\)#.*/\1/p' lines)
  # shellcheck disable=SC2086 # words
  "$probe" $command && sed -i 's/nat: { role: nat }/direct: { role: direct }/' natdiff.yaml &&
    "$probe" ${command/nat.db/direct.db} || return
  command=$(sed -n 's/^natdiff-report //p' lines)
  # shellcheck disable=SC2086
  contains "$("$report" $command)" "verdict: "
}
check "the first use of the README works as it stands" first_use
minutely() {
  grep -q '^AccuracySec=1s$' "$examples/natdiff-once.timer"
}
check "the timer is on the minute" minutely

# completes EXPECTED WORD...: the last word of a command line
completes() {
  local expected=$1
  shift
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _natdiff "$1"
  contains " ${COMPREPLY[*]} " " $expected "
}
# shellcheck source=scripts/completion/natdiff-probe
. "$TOP_SRCDIR/scripts/completion/natdiff-probe"
check "commands are completed" completes census "$probe" ce
check "all of them" completes witness "$probe" ""
check "options are completed" completes --slots "$probe" run --s
check "of the report as well" completes --explain "$report" diff --ex
files() {
  cd "$work" && touch nat.db && completes nat.db "$report" diff na
}
check "else files are" files
done_testing
