#!/usr/bin/env bash
#
# `make install` puts the programs, their manual pages and the data files where
# they belong, and nothing else.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
root=$work/root

# in_build TARGET...: apart from the make that runs this test
in_build() {
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u TESTS \
    make -s -C "$TOP_BUILDDIR" DESTDIR="$root" prefix=/usr "$@"
}

installed() { (cd "$root" && find . ! -type d | sed 's/^\.//' | sort); }

check "it installs" in_build install
check "two programs, their completions and three manual pages" \
  equals "$(installed | grep -v /natdiff/)" "/usr/bin/natdiff-probe
/usr/bin/natdiff-report
/usr/share/bash-completion/completions/natdiff-probe
/usr/share/bash-completion/completions/natdiff-report
/usr/share/man/man1/natdiff-probe.1
/usr/share/man/man1/natdiff-report.1
/usr/share/man/man5/natdiff.yaml.5"
check "documents, examples and the runbook" \
  equals "$(installed | grep /usr/share/doc/ | grep -v /runbook/)" \
  "/usr/share/doc/natdiff/CHANGELOG.md
/usr/share/doc/natdiff/README.md
/usr/share/doc/natdiff/examples/aws-alarm.json
/usr/share/doc/natdiff/examples/azure-alert.json
/usr/share/doc/natdiff/examples/gcp-log-metric.json
/usr/share/doc/natdiff/examples/natdiff-once.service
/usr/share/doc/natdiff/examples/natdiff-once.timer
/usr/share/doc/natdiff/examples/natdiff-witness.service
/usr/share/doc/natdiff/examples/natdiff.cron
/usr/share/doc/natdiff/examples/natdiff.service
/usr/share/doc/natdiff/examples/natdiff.yaml
/usr/share/doc/natdiff/examples/prometheus-rules.yml"
check "all pages of the runbook" \
  equals "$(cd "$root/usr/share/doc/natdiff/runbook" && ls)" "$(cd "$TOP_SRCDIR/docs/runbook" && ls)"
check "and what the programs read in their own folder" \
  equals "$(installed | grep /natdiff/ | grep -v "^/usr/share/doc/natdiff/" |
    grep -v "^/usr/share/natdiff/")" ""
for program in natdiff-probe natdiff-report; do
  check "$program runs from there" \
    matches "$("$root/usr/bin/$program" --version)" "^$program [0-9]"
done
check "the example is a configuration without a remark" equals \
  "$("$root/usr/bin/natdiff-probe" check \
    -c "$root/usr/share/doc/natdiff/examples/natdiff.yaml" 2>&1 >/dev/null)" ""
check "it uninstalls" in_build uninstall
check "and leaves nothing" equals "$(installed)" ""
done_testing
