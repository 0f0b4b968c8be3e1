#!/usr/bin/env bash
#
# The runbook: a page for each cause with all its sections, providers' commands
# and sources as providers.conf has them; the examples of alarms parse and use
# names that providers.conf has; reports name the page.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
pages=$TOP_SRCDIR/docs/runbook
conf=$TOP_SRCDIR/lib/providers.conf
examples=$TOP_SRCDIR/scripts/examples

causes() { sed -n 's/^advice \([a-z_]*\) .*/\1/p' "$TOP_SRCDIR/report/evidence/advice.conf" | sort -u; }
check "a page for each cause, and no other" equals \
  "$(cd "$pages" && ls)" "$(causes | sed 's/$/.md/')"

# sections FILE LEVEL: its headings of a level, in order, with bars between
sections() { sed -n "s/^$2 //p" "$1" | paste -sd '|'; }
each='GCP|GKE|Cloud Run|Azure NAT gateway|Azure load balancer|AWS|Linux'
# What is below a heading, but blank lines, is not nothing.
none_empty() {
  awk '/^##/ { if (last != "" && !text && !(last ~ /^## / && /^### /)) { print FILENAME ": " last " is empty"; bad = 1 }
      last = $0; text = 0; next } NF { text = 1 } END { exit bad || !text }' "$1"
}
# Commands of a provider stand in providers.conf, word for word.
commands_known() {
  sed -n 's/^    \(\(gcloud\|aws\|az\|Set-Az[A-Za-z]*\|sysctl -w net.netfilter\|conntrack\|nft\) .*\)/\1/p' "$1" >"$work/commands"
  while read -r line; do
    grep -qF " $line" "$conf" || { echo "not in providers.conf: $line"; return 1; }
  done <"$work/commands"
}
# cited FILE: the lines that its sources must be
cited() {
  local page=$1 id date rest read_on
  read_on=$(sed -n 's/^read-on //p' "$conf")
  sed '/^## Sources/,$d' "$page" | grep -oE '\[[a-z0-9]+(-[a-z0-9]+)*(, [a-z0-9-]+)*\]' |
    tr -d '[]' | tr ',' '\n' | tr -d ' ' | sort -u | while read -r id; do
    read -r date rest <<<"$(sed -n "s/^source $id //p" "$conf")"
    [ "$date" = read ] && date="read $read_on"
    echo "- [$id] $rest ($date)"
  done
}
for page in "$pages"/*.md; do
  cause=$(basename "$page" .md)
  check "$cause: its name is its title" equals "$(head -1 "$page")" "# $cause"
  check "$cause: every section, in order" equals "$(sections "$page" '##')" \
    "Confirm|Stop the bleeding|Fix|Verify|Prevent|Sources"
  fixes=$(sections "$page" '###')
  [ "$fixes" = "Every provider" ] || check "$cause: a fix for each provider" equals "$fixes" "$each"
  check "$cause: no section is empty" none_empty "$page"
  check "$cause: commands are those of providers.conf" commands_known "$page"
  check "$cause: sources are those of providers.conf, all that are cited" equals \
    "$(sed -n '/^## Sources/,$s/^- \[/- [/p' "$page")" "$(cited "$page")"
done
check "what a NAT's own causes need is said provider by provider" equals \
  "$(cd "$pages" && grep -l '^### GKE' -- *.md | paste -sd ' ')" \
  "edge_address_limit.md nat_idle_timeout.md nat_port_exhaustion.md nat_port_reuse.md nat_table_full.md"

for file in "$examples"/*.json; do
  check "$(basename "$file") parses" jq -e . "$file"
done
# has_item PROVIDER NAME: providers.conf has such a metric
has_item() {
  awk -v p="$1" -v n="$2" '$1 == "provider" { at = $2 } $1 == "metric" && at == p && $2 == n { ok = 1 }
    END { exit !ok }' "$conf"
}
check "the CloudWatch alarm watches a known metric" has_item aws "$(jq -r .MetricName "$examples/aws-alarm.json")"
check "so does the Azure alert" has_item azure \
  "$(jq -r '.resources[0].properties.criteria.allOf[0].metricName' "$examples/azure-alert.json")"
check "which adds up and does not count" equals \
  "$(jq -r '.resources[0].properties.criteria.allOf[0].timeAggregation' "$examples/azure-alert.json")" Total
# The filter of the log metric, against the fields of a log entry.
check "each label of the log metric has its extractor" equals \
  "$(jq -c '[.metricDescriptor.labels[].key] | sort' "$examples/gcp-log-metric.json")" \
  "$(jq -c '.labelExtractors | keys' "$examples/gcp-log-metric.json")"

if command -v promtool >/dev/null; then
  check "Prometheus takes the rules" promtool check rules "$examples/prometheus-rules.yml"
  sed "s|RULES|$examples/prometheus-rules.yml|" "$TOP_SRCDIR/tests/data/runbook/rules-test.yml" >"$work/rules.yml"
  check "and they say what is the matter" promtool test rules "$work/rules.yml"
else
  skip "the rules for Prometheus" "promtool is not installed"
fi
check "they ask for metrics that there are" equals \
  "$(grep -oE 'natdiff_[a-z_]+' "$examples/prometheus-rules.yml" | sort -u |
    grep -vxFf <(grep -oE 'natdiff_[a-z_]+' "$TOP_SRCDIR/report/monitor/metrics.c"))" ""
# Failures of the host itself: the rules and failure.c are to agree.
check "failures in the rules are names that there are" equals \
  "$(sed -n 's/.*failure[!=]~"\([a-z_|]*\)".*/\1/p' "$examples/prometheus-rules.yml" | tr '|' '\n' | sort -u |
    grep -vxFf <(grep -oE '"[a-z_]+"' "$TOP_SRCDIR/lib/failure.c" | tr -d '"'))" ""

cd "$work" || exit 1
cat "$TOP_SRCDIR/tests/data/diff/common.sql" "$TOP_SRCDIR/tests/data/diff/nat.sql" | "$tools/make_database" nat.db
named=$("$report" diff --format json nat.db | jq -r .verdict.runbook)
check "the report names a page that is there" test -f "$TOP_SRCDIR/$named"
check "for its own cause" equals "$named" \
  "docs/runbook/$("$report" diff --format json nat.db | jq -r .verdict.cause).md"
check "in text, too" contains "$("$report" diff nat.db)" "$named"
done_testing
