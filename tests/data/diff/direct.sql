-- The direct host: 60 slots of 10 s from 2026-11-21T04:55:00Z, all well but
-- for one request at 05:02.
INSERT INTO agent VALUES (1, '00000000000000000000000000000d1e', 'static1', 1795236900000000);
INSERT INTO run (id, uuid, agent_id, path, role, host_name, version,
    interval_us, config_digest, started_at, ended_at, ended_how, planned,
    fired, clock_synchronised, clock_max_error_us)
  VALUES (1, x'00000000000000000000000000000001', 1, 'direct', 'direct',
    'static1', '0.1.0', 10000000, 'c0ffee', 1795236900000000,
    1795237500000000, 'finished', 240, 240, 1, 1500);
INSERT INTO address VALUES (1, '192.0.2.80');
WITH RECURSIVE slot(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM slot WHERE n < 59)
INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq, failure,
    failed_phase, syn_retransmits, connect_us, tls_us, request_us, total_us,
    http_status, started_at, observed_address_id, attempt_id)
  SELECT 1, e.endpoint,
    CASE e.endpoint WHEN 1 THEN 1 + (n + e.seq) % 2 ELSE e.endpoint + 1 END,
    179523690 + n, e.seq,
    CASE WHEN e.endpoint = 1 AND n = 42 AND e.seq = 0 THEN 'request_timeout' END,
    CASE WHEN e.endpoint = 1 AND n = 42 AND e.seq = 0 THEN 'request' END,
    0, 1000 + n * 10, 3000 + n * 7,
    CASE WHEN e.endpoint = 1 AND n = 42 AND e.seq = 0 THEN 10000000
      ELSE 20000 + n * 100 END,
    CASE WHEN e.endpoint = 1 AND n = 42 AND e.seq = 0 THEN 10004714
      ELSE 24000 + n * 117 END,
    CASE WHEN e.endpoint = 1 AND n = 42 AND e.seq = 0 THEN NULL
      WHEN e.endpoint = 1 THEN 101 ELSE 200 END,
    (179523690 + n) * 10000000 + 250000 + e.seq * 5000000,
    CASE WHEN e.endpoint = 3 THEN 1 END,
    CAST(printf('d%014d.', n * 100 + e.endpoint * 10 + e.seq) AS BLOB)
  FROM slot, (SELECT 1 AS endpoint, 0 AS seq UNION ALL SELECT 1, 1
    UNION ALL SELECT 2, 0 UNION ALL SELECT 3, 0) AS e
  ORDER BY n, e.endpoint, e.seq;
