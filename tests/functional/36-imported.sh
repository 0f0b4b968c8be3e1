#!/usr/bin/env bash
#
# Imported logs as evidence: joined to attempts by address, port and time,
# metrics, the far end's log, the application's failures, settings.  The
# attempts were recorded in the lab behind a NAT without a free port.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
for db in direct nat; do
  gzip -dc "$TOP_SRCDIR/tests/data/verdicts/held/$db.db.gz" >$db.db
  gzip -dc "$TOP_SRCDIR/tests/data/verdicts/outage/$db.db.gz" >outage-$db.db
done

# judged FILE...: with these besides, "CAUSE STRENGTH"
judged() {
  "$report" diff --format json direct.db nat.db "$@" >report.json || return
  jq -r '.verdict | "\(.cause) \(.strength)"' report.json
}
# says ID: what the evidence of that id says
says() { jq -r --arg id "$1" '.evidence[] | select(.id | endswith(":" + $id)) | .says' report.json; }
imported() {
  local kind=$1 into=$2
  shift 2
  rm -f "$into"
  check "imports $into" "$report" import "$kind" "$@" --into "$into"
}

check "the hosts alone: moderate" equals "$(judged)" "nat_port_exhaustion moderate"

# ------------------------------------------------- lines of their own
# dropped SELECT: a Cloud NAT log of these attempts
dropped() {
  sql nat.db "SELECT json_object('insertId', attempt_id, 'timestamp',
      strftime('%Y-%m-%dT%H:%M:%fZ', started_at, '+1 second'),
    'jsonPayload', json_object('allocation_status', 'DROPPED',
      'gateway_identifiers', json_object('gateway_name', 'gw'),
      'connection', json_object('src_ip', local_address, 'src_port',
        $2, 'dest_ip', target_address, 'dest_port',
        target_port, 'protocol', 6))) FROM attempts WHERE $1"
}
failed="failure = 'connect_timeout'"
dropped "$failed AND id % 3 > 0" local_port >log.jsonl
imported auto log.db log.jsonl
check "two thirds of the failures have lines of their own: strong" equals \
  "$(judged log.db)" "nat_port_exhaustion strong"
lines=$(wc -l <log.jsonl)
check "each line is joined to an attempt" equals \
  "$(jq '.gateway[] | select(.kind == "allocation_failed") | [.count, .joined] | add' report.json)" \
  $((2 * lines))
check "and the report says of how many" equals \
  "$(jq '[.evidence[] | select(.id | endswith("nat_log_names_attempts")) |
    .observed.joined] | add' report.json | awk -v n="$lines" '{ print ($1 >= n) }')" 1
dropped "$failed" 'local_port % 1000 + 1' >others.jsonl
imported auto others.db others.jsonl
judged others.db >/dev/null
check "lines of other ports are nobody's" equals \
  "$(jq '.gateway[] | select(.kind == "allocation_failed") | .joined' report.json)" 0
check "but fall into the same moments or prove nothing" equals "$(says nat_log_names)" ""

# Lines without addresses of their own, of a box that counts by host.
sql outage-nat.db "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', started_at) || ' asa1 : %ASA-3-305016: ' ||
  'Unable to create TCP connection from inside:10.1.1.9/1 to outside:203.0.113.80/443 due to ' ||
  'reaching per-host PAT port block limit of 4 in PAT pool p.' FROM attempts
  WHERE failure IS NOT NULL ORDER BY started_at" >asa.log
imported syslog asa.db asa.log
"$report" diff --format json outage-direct.db outage-nat.db asa.db >report.json
check "lines of a host's limit, in the same moments, count" contains \
  "$(says nat_log_drops_coincide)" "allocation failures in these slots; what a log lacks proves nothing"

# ------------------------------------------------------------- metrics
# metric VALUE: ErrorPortAllocation of each minute
metric() {
  jq -n --arg v "$1" '{MetricDataResults: [{Id: "e", Label: "nat-1 ErrorPortAllocation",
    StatusCode: "Complete", Timestamps: ["2026-11-21T06:32:00+00:00",
      "2026-11-21T06:31:00+00:00", "2026-11-21T06:30:00+00:00"],
    Values: [0, ($v | tonumber), ($v | tonumber)]}]}' >metric.json
}
metric 900
imported aws-metrics refused.db metric.json
check "the provider's metric confirms: strong" equals "$(judged refused.db)" \
  "nat_port_exhaustion strong"
check "and is quoted" contains "$(says gateway_refuses_ports)" "the provider's metric"
metric 0
imported aws-metrics zero.db metric.json
judged zero.db >verdict
check "a metric that denies it is a finding" contains "$(says metric_disagrees)" \
  "counts no refused port in these minutes"
check "that people see" contains "$("$report" diff direct.db nat.db zero.db)" \
  "counts no refused port"
not_strong() { ! grep -q "exhaustion strong" verdict; }
check "and the verdict is not strong" not_strong

# ------------------------------------------------------ the far end's log
# access SELECT: lines with the ids of these attempts
access() {
  for db in nat.db direct.db; do
    sql $db "SELECT json_object('time', started_at, 'client', '198.51.100.1',
      'status', 200, 'traceparent', '00-' || attempt_id || '-00f067aa0ba902b7-01')
      FROM attempts WHERE $1"
  done
}
access "failure IS NULL" >edge.jsonl
imported edge edge.db edge.jsonl
judged edge.db >/dev/null
check "a complete log has all that succeeded and none that failed" contains \
  "$(says edge_log_lacks_failures)" "and 0 of the NAT path's"
access "failure IS NULL AND id % 5 < 3" >partly.jsonl
imported edge partly.db partly.jsonl
judged partly.db >/dev/null
check "a log with 60 % of the successes is a weaker one" contains "$(says edge_log_partly_lacks)" "that succeeded"
access "1" >all.jsonl
imported edge all.db all.jsonl
judged all.db >verdict
check "a log that has the failures speaks against the NAT" equals \
  "$(jq '[.evidence[] | select(.id | endswith("edge_log_lacks_failures")) | .against[] |
    select(.cause == "nat_port_exhaustion")] | length > 0' report.json)" true

# ---------------------------------------------------------- application
sql outage-nat.db "SELECT 'time,source,destination,error'
  UNION ALL SELECT started_at || ',' || local_address || ':' || local_port || ',' ||
    target_address || ':' || target_port || ',timeout' FROM attempts
  WHERE failure IS NOT NULL" | sort -r >app.csv
imported app app.db app.csv
"$report" diff --format json outage-direct.db outage-nat.db app.db >report.json
check "the probe saw the same" contains "$(says application_failures)" \
  "of the application's $(($(wc -l <app.csv) - 1)) failures fall into its episodes"

# -------------------------------------------------------------- settings
imported settings settings.db "$TOP_SRCDIR/tests/data/import/gcp/nats_describe.json"
judged settings.db >/dev/null
check "they are held against the traffic" contains "$(says gateway_settings | head -1)" \
  "gives a host 64 ports to one destination, and a host had"
check "which they cannot serve" contains "$(tr -s ' \n' ' ' \
  <<<"$("$report" diff direct.db nat.db settings.db)")" ": too few (natdiff-report size)"
check "advice is for the provider that described itself" equals \
  "$(jq -r '[.advice[].provider | values] | unique | join(" ")' report.json)" gcp
done_testing
