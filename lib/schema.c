/*
 * The schema: the contract between the two programs, and with everybody who
 * opens a database with sqlite3.  Additive changes only: a new version is a
 * new entry at the end of schema_steps[], never a change of an old one.
 *
 * Times are microseconds since 1970 UTC, durations microseconds.  NULL means
 * "not measured" or "not reached", never 0.  Columns that a comparison reads
 * stand first in attempt, since SQLite decodes a row from its left.  Texts
 * that repeat from row to row live in small tables of their own; the view
 * attempts puts them back for reading by people.
 */
#include "config.h"

#include <stddef.h>

#include "natdiff/schema.h"

static const char version_1[] =
    /* One row a database; more where databases were merged. */
    "CREATE TABLE agent ("
    "  id INTEGER PRIMARY KEY,"
    "  agent TEXT NOT NULL UNIQUE," /* 32 hex digits, random */
    "  host_name TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL) STRICT;"

    /* One life of an agent process, on one path. */
    "CREATE TABLE run ("
    "  id INTEGER PRIMARY KEY,"
    "  uuid BLOB NOT NULL UNIQUE,"
    "  agent_id INTEGER NOT NULL REFERENCES agent(id),"
    "  path TEXT NOT NULL,"
    "  role TEXT NOT NULL CHECK (role IN ('direct', 'nat')),"
    "  interface TEXT, source TEXT, mark INTEGER,"
    "  host_name TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  pid INTEGER,"
    "  interval_us INTEGER NOT NULL,"
    "  config_digest TEXT NOT NULL," /* SHA-256 of the file, hex */
    "  started_at INTEGER NOT NULL,"
    "  ended_at INTEGER,"
    "  ended_how TEXT," /* finished, interrupted, failed; NULL: killed */
    "  planned INTEGER, fired INTEGER,"
    "  lost_rows INTEGER,"     /* measured, but there was no room to store */
    "  clock_step_us INTEGER," /* largest step of the wall clock */
    "  clock_synchronised INTEGER, clock_max_error_us INTEGER,"
    "  kernel TEXT, boot_id TEXT, boot_at INTEGER,"
    "  virtualisation TEXT,"
    "  facts TEXT,"           /* JSON: sysctls and other facts by name */
    "  gateway TEXT) STRICT;" /* JSON: the gateway as configured */
    "CREATE INDEX run_at ON run(started_at);"

    "CREATE TABLE endpoint ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  url TEXT NOT NULL,"
    "  control INTEGER NOT NULL,"
    "  verify INTEGER NOT NULL,"
    "  kind TEXT NOT NULL," /* endpoint, witness, whoami */
    "  UNIQUE (name, url, control, verify, kind)) STRICT;"

    "CREATE TABLE target ("
    "  id INTEGER PRIMARY KEY,"
    "  address TEXT NOT NULL,"
    "  port INTEGER NOT NULL,"
    "  family INTEGER NOT NULL," /* 4 or 6 */
    "  UNIQUE (address, port)) STRICT;"

    /* Local and observed addresses, by number. */
    "CREATE TABLE address ("
    "  id INTEGER PRIMARY KEY,"
    "  address TEXT NOT NULL UNIQUE) STRICT;"

    "CREATE TABLE tls_session ("
    "  id INTEGER PRIMARY KEY,"
    "  version TEXT, cipher TEXT,"
    "  cert_sha256 BLOB, cert_issuer TEXT,"
    "  cert_verify INTEGER," /* X509_V_*: 0 is trusted */
    "  UNIQUE (version, cipher, cert_sha256, cert_issuer, cert_verify)"
    ") STRICT;"

    "CREATE TABLE resolution ("
    "  id INTEGER PRIMARY KEY,"
    "  run_id INTEGER NOT NULL REFERENCES run(id),"
    "  endpoint_id INTEGER NOT NULL REFERENCES endpoint(id),"
    "  slot INTEGER NOT NULL,"
    "  started_at INTEGER NOT NULL,"
    "  duration_us INTEGER NOT NULL,"
    "  failure TEXT, failure_text TEXT,"
    "  addresses TEXT) STRICT;" /* sorted, a blank between */
    "CREATE INDEX resolution_at ON resolution(started_at);"

    "CREATE TABLE attempt ("
    "  id INTEGER PRIMARY KEY,"
    "  run_id INTEGER NOT NULL,"
    "  endpoint_id INTEGER NOT NULL,"
    "  target_id INTEGER," /* NULL: the name did not resolve */
    "  slot INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  failure TEXT, failed_phase TEXT,"
    "  syn_retransmits INTEGER,"
    "  connect_us INTEGER, tls_us INTEGER, request_us INTEGER,"
    "  total_us INTEGER,"
    "  http_status INTEGER,"
    "  started_at INTEGER NOT NULL,"
    "  loop_lag_us INTEGER,"
    "  kernel_rtt_us INTEGER,"
    "  connect_segs_in INTEGER,"
    "  late_retransmits INTEGER, dsack_dups INTEGER,"
    "  done_us INTEGER, other_us INTEGER, ws_ping_us INTEGER,"
    "  local_address_id INTEGER, local_port INTEGER,"
    "  observed_address_id INTEGER, observed_port INTEGER,"
    "  resolution_id INTEGER," /* NULL: pinned, or its row was lost */
    "  tls_session_id INTEGER,"
    "  server_date_offset_us INTEGER,"
    "  bytes_in INTEGER, bytes_out INTEGER,"
    "  curl_code INTEGER, os_errno INTEGER, tls_alert INTEGER,"
    "  attempt_id BLOB NOT NULL,"
    "  failure_text TEXT) STRICT;"
    /* For retention, and for a report that looks at one hour of a month. */
    "CREATE INDEX attempt_at ON attempt(started_at);"

    "CREATE TABLE response_header ("
    "  attempt_id INTEGER NOT NULL," /* attempt.id */
    "  name TEXT NOT NULL, value TEXT NOT NULL) STRICT;"
    "CREATE INDEX response_header_attempt ON response_header(attempt_id);"

    "CREATE TABLE host_sample ("
    "  id INTEGER PRIMARY KEY,"
    "  run_id INTEGER NOT NULL REFERENCES run(id),"
    "  slot INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  ports_in_use INTEGER,"
    "  port_range_first INTEGER, port_range_last INTEGER,"
    "  conntrack_count INTEGER, conntrack_max INTEGER,"
    "  conntrack_drops INTEGER,"
    "  allowance_exceeded INTEGER,"
    "  cpu_stall_us INTEGER, load1_milli INTEGER) STRICT;"
    "CREATE INDEX host_sample_at ON host_sample(at);"

    "CREATE TABLE census ("
    "  sample_id INTEGER NOT NULL," /* host_sample.id */
    "  target_id INTEGER,"          /* NULL: all destinations */
    "  established INTEGER, syn_sent INTEGER, time_wait INTEGER,"
    "  closing INTEGER, close_wait INTEGER,"
    "  local_ports INTEGER, own INTEGER) STRICT;"
    "CREATE INDEX census_sample ON census(sample_id);"

    "CREATE TABLE witness_arrival ("
    "  id INTEGER PRIMARY KEY,"
    "  attempt_id BLOB,"
    "  observed_address TEXT NOT NULL, observed_port INTEGER NOT NULL,"
    "  accepted_at INTEGER NOT NULL,"
    "  client_hello_at INTEGER, request_at INTEGER, ended_at INTEGER,"
    "  reached TEXT NOT NULL) STRICT;" /* accept hello request upgrade */

    "CREATE TABLE import ("
    "  id INTEGER PRIMARY KEY,"
    "  kind TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT,"
    "  imported_at INTEGER NOT NULL,"
    "  rows INTEGER NOT NULL, duplicates INTEGER NOT NULL,"
    "  bad_lines INTEGER NOT NULL, first_bad TEXT) STRICT;"

    "CREATE TABLE gateway_event ("
    "  id INTEGER PRIMARY KEY,"
    "  import_id INTEGER,"
    "  source TEXT NOT NULL," /* which gateway or log */
    "  kind TEXT NOT NULL,"
    "  from_at INTEGER NOT NULL, to_at INTEGER NOT NULL,"
    "  value INTEGER,"
    "  protocol INTEGER,"
    "  inside_address TEXT, inside_port INTEGER,"
    "  outside_address TEXT, outside_port INTEGER,"
    "  destination_address TEXT, destination_port INTEGER,"
    "  identity TEXT UNIQUE," /* drops duplicates; NULL: none */
    "  detail TEXT) STRICT;"
    "CREATE INDEX gateway_event_at ON gateway_event(from_at);"

    "CREATE TABLE edge_entry ("
    "  id INTEGER PRIMARY KEY,"
    "  import_id INTEGER,"
    "  attempt_id BLOB,"
    "  at INTEGER NOT NULL,"
    "  client_address TEXT, client_port INTEGER,"
    "  status INTEGER, request_id TEXT,"
    "  identity TEXT UNIQUE,"
    "  detail TEXT) STRICT;"

    "CREATE TABLE app_failure ("
    "  id INTEGER PRIMARY KEY,"
    "  import_id INTEGER,"
    "  at INTEGER NOT NULL,"
    "  source_address TEXT, source_port INTEGER,"
    "  destination_address TEXT, destination_port INTEGER,"
    "  error TEXT,"
    "  identity TEXT UNIQUE) STRICT;"

    "CREATE TABLE note ("
    "  id INTEGER PRIMARY KEY,"
    "  at INTEGER NOT NULL,"
    "  written_at INTEGER NOT NULL,"
    "  text TEXT NOT NULL) STRICT;"

    /*
     * Totals that outlive retention, counted in the transaction that
     * stores the rows: attempts and resolutions by failure ('' is
     * success), syn_retransmits, phase_us and phase_count (how many
     * durations that sums) by phase.
     */
    "CREATE TABLE counter ("
    "  name TEXT NOT NULL, path TEXT NOT NULL, endpoint TEXT NOT NULL,"
    "  label TEXT NOT NULL,"
    "  value INTEGER NOT NULL,"
    "  PRIMARY KEY (name, path, endpoint, label)) STRICT, WITHOUT ROWID;"

    /* For people with sqlite3, and for the queries printed as evidence. */
    "CREATE VIEW attempts AS SELECT"
    "  lower(hex(a.attempt_id)) AS attempt_id,"
    "  r.path, r.role, g.agent, r.host_name AS host,"
    "  e.name AS endpoint, t.address AS target_address,"
    "  t.port AS target_port, a.slot, a.seq, r.interval_us,"
    "  strftime('%Y-%m-%dT%H:%M:%S', a.started_at / 1000000, 'unixepoch')"
    "    || printf('.%06dZ', a.started_at % 1000000) AS started_at,"
    "  a.failure, a.failed_phase, a.http_status,"
    "  a.connect_us, a.tls_us, a.request_us, a.done_us, a.other_us,"
    "  a.total_us, a.ws_ping_us, a.kernel_rtt_us, a.loop_lag_us,"
    "  a.syn_retransmits, a.connect_segs_in, a.late_retransmits,"
    "  a.dsack_dups, l.address AS local_address, a.local_port,"
    "  o.address AS observed_address, a.observed_port,"
    "  x.version AS tls_version, x.cipher AS tls_cipher,"
    "  lower(hex(x.cert_sha256)) AS cert_sha256, x.cert_issuer,"
    "  x.cert_verify, a.server_date_offset_us, a.bytes_in, a.bytes_out,"
    "  a.curl_code, a.os_errno, a.tls_alert, a.failure_text,"
    "  a.run_id, a.resolution_id, a.id"
    " FROM attempt a JOIN run r ON r.id = a.run_id"
    "  JOIN agent g ON g.id = r.agent_id"
    "  JOIN endpoint e ON e.id = a.endpoint_id"
    "  LEFT JOIN target t ON t.id = a.target_id"
    "  LEFT JOIN address l ON l.id = a.local_address_id"
    "  LEFT JOIN address o ON o.id = a.observed_address_id"
    "  LEFT JOIN tls_session x ON x.id = a.tls_session_id;";

static const char version_2[] =
    /*
     * What the active commands found: a row a result.  low, best and high
     * are connections where kind is ramp, else microseconds.
     */
    "CREATE TABLE measurement ("
    "  id INTEGER PRIMARY KEY,"
    "  kind TEXT NOT NULL CHECK (kind IN ('ramp', 'idle', 'reuse')),"
    "  agent_id INTEGER NOT NULL REFERENCES agent(id),"
    "  path TEXT NOT NULL,"
    "  role TEXT NOT NULL CHECK (role IN ('direct', 'nat')),"
    "  host_name TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  destination TEXT NOT NULL," /* 203.0.113.10:443 */
    "  started_at INTEGER NOT NULL,"
    "  ended_at INTEGER NOT NULL,"
    /* finished, interrupted, stopped (harm to others), failed */
    "  ended_how TEXT NOT NULL,"
    "  finding TEXT NOT NULL," /* natdiff/measurement.h */
    "  low INTEGER, best INTEGER, high INTEGER,"
    "  detail TEXT) STRICT;" /* JSON: an object */
    "CREATE INDEX measurement_at ON measurement(started_at);";

static const char version_3[] =
    /* Nothing has written it before. */
    "DROP TABLE witness_arrival;"

    /* One life of a witness: when it listened, and so could have seen. */
    "CREATE TABLE witness_run ("
    "  id INTEGER PRIMARY KEY,"
    "  host_name TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  pid INTEGER,"
    "  listen TEXT NOT NULL," /* ip:port, a blank between */
    "  started_at INTEGER NOT NULL,"
    "  alive_at INTEGER NOT NULL," /* written every few seconds */
    "  ended_at INTEGER,"          /* NULL: lives, or was killed */
    "  lost_rows INTEGER,"         /* seen, but there was no room to store */
    "  clock_synchronised INTEGER, clock_max_error_us INTEGER,"
    "  kernel TEXT, boot_id TEXT) STRICT;"

    /*
     * A connection that a witness accepted; a row is there while it is
     * held, too.  What was reached: accept hello request upgrade.
     */
    "CREATE TABLE witness_arrival ("
    "  id INTEGER PRIMARY KEY,"
    "  witness_run_id INTEGER,"
    "  attempt_id BLOB," /* of the first request, where it names one */
    "  observed_address TEXT NOT NULL, observed_port INTEGER NOT NULL,"
    "  listen_address TEXT, listen_port INTEGER," /* where it arrived */
    "  accepted_at INTEGER NOT NULL,"
    "  client_hello_at INTEGER," /* TLS ClientHello complete */
    "  handshake_at INTEGER,"    /* TLS is up */
    "  request_at INTEGER,"      /* the first request's head complete */
    "  upgrade_at INTEGER,"      /* the WebSocket's 101 was answered */
    "  ended_at INTEGER,"        /* NULL: held, or the witness was killed */
    /* closed reset (by the client), broken timeout refused stopped */
    "  ended_how TEXT,"
    "  requests INTEGER, http_status INTEGER," /* the last answer's */
    "  reached TEXT NOT NULL) STRICT;"
    "CREATE INDEX witness_arrival_at ON witness_arrival(accepted_at);";

static const char version_4[] =
    /* An imported packet capture, with numbers over all its TCP packets. */
    "CREATE TABLE capture ("
    "  id INTEGER PRIMARY KEY,"
    "  import_id INTEGER,"
    "  from_at INTEGER, to_at INTEGER," /* NULL: no packet of TCP */
    "  packets INTEGER, tcp_packets INTEGER,"
    "  cut_packets INTEGER," /* too short for their TCP flags */
    "  flows INTEGER,"       /* tuples of addresses and ports */
    "  connections INTEGER," /* SYNs that began one */
    "  answered INTEGER,"    /* of these, with a SYN-ACK */
    "  syn_retransmits INTEGER,"
    "  syn_acks_missing INTEGER, syn_acks_late INTEGER," /* after 1 s */
    "  client_resets INTEGER, server_resets INTEGER,"
    /* The ACK of an old connection instead of a SYN-ACK; its RST. */
    "  challenges INTEGER, challenge_resets INTEGER,"
    /* Tuples used again, by what the older connection was. */
    "  reused_alive INTEGER, reused_time_wait INTEGER,"
    "  reused_after INTEGER, reused_unanswered INTEGER,"
    /* What the bounds of the import left out. */
    "  packets_left_out INTEGER, targets_left_out INTEGER,"
    "  rows_left_out INTEGER) STRICT;"

    /* The connections of a client address to a destination in a capture. */
    "CREATE TABLE capture_target ("
    "  id INTEGER PRIMARY KEY,"
    "  capture_id INTEGER NOT NULL REFERENCES capture(id),"
    "  client_address TEXT NOT NULL,"
    "  destination_address TEXT NOT NULL,"
    "  destination_port INTEGER NOT NULL,"
    "  from_at INTEGER NOT NULL, to_at INTEGER NOT NULL," /* of SYNs */
    "  connections INTEGER NOT NULL, answered INTEGER NOT NULL,"
    "  syn_retransmits INTEGER NOT NULL) STRICT;"
    "CREATE INDEX capture_target_capture ON capture_target(capture_id);"

    /* A connection in a capture with something that stands out. */
    "CREATE TABLE capture_flow ("
    "  id INTEGER PRIMARY KEY,"
    "  capture_id INTEGER NOT NULL REFERENCES capture(id),"
    "  client_address TEXT NOT NULL, client_port INTEGER NOT NULL,"
    "  destination_address TEXT NOT NULL,"
    "  destination_port INTEGER NOT NULL,"
    "  at INTEGER NOT NULL, ended_at INTEGER NOT NULL," /* its packets */
    "  has_syn INTEGER NOT NULL," /* 0: it began before the capture */
    "  syn_retransmits INTEGER NOT NULL,"
    "  syn_times TEXT,"     /* theirs, after at; a blank between */
    "  syn_ack_us INTEGER," /* after at; NULL: none came */
    "  syn_acks INTEGER NOT NULL,"
    "  client_resets INTEGER NOT NULL, server_resets INTEGER NOT NULL,"
    "  challenge_us INTEGER," /* after at; NULL: none */
    "  challenge_reset INTEGER NOT NULL,"
    "  reuse TEXT,"       /* alive time_wait after unanswered; NULL: no reuse */
    "  reuse_us INTEGER," /* since the older one's last packet */
    /* closed_by_, reset_by_ client or server; NULL: it did not end. */
    "  ended_how TEXT) STRICT;"
    "CREATE INDEX capture_flow_at ON capture_flow(at);"
    "CREATE INDEX capture_flow_capture ON capture_flow(capture_id);"

    /*
     * Connections of captures with the attempts that they are: the same
     * tuple as the host saw it or, outside of the NAT, as the far end did.
     * A SYN leaves after its attempt began, and before it ended.
     */
    "CREATE VIEW capture_attempts AS SELECT"
    "  f.*, lower(hex(a.attempt_id)) AS attempt_id,"
    "  CASE WHEN l.address = f.client_address AND"
    "   a.local_port = f.client_port THEN 'inside' ELSE 'outside' END AS seen"
    " FROM capture_flow f"
    "  JOIN attempt a ON a.started_at BETWEEN f.at - 60000000 AND"
    "   f.at + 1000000"
    "  JOIN target t ON t.id = a.target_id AND"
    "   t.address = f.destination_address AND t.port = f.destination_port"
    "  LEFT JOIN address l ON l.id = a.local_address_id"
    "  LEFT JOIN address o ON o.id = a.observed_address_id"
    " WHERE f.at <= a.started_at + coalesce(a.total_us, 60000000) + 1000000"
    "  AND ((l.address = f.client_address AND a.local_port = f.client_port)"
    "   OR (o.address = f.client_address AND"
    "    a.observed_port = f.client_port));";

const char *const schema_steps[] = { version_1, version_2, version_3,
	version_4 };
const int schema_version = sizeof(schema_steps) / sizeof(schema_steps[0]);
