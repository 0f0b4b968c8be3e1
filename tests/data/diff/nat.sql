-- The host behind the NAT, in the same slots: in slots 20 to 29 half of the
-- attempts at the busy endpoint starve, the control stays well; the name does
-- not resolve in slot 50; the agent is stopped in the last slot.
INSERT INTO agent VALUES (1, '00000000000000000000000000000a17', 'worker1', 1795236900000000);
INSERT INTO run (id, uuid, agent_id, path, role, host_name, version,
    interval_us, config_digest, started_at, ended_at, ended_how, planned,
    fired, clock_synchronised, clock_max_error_us)
  VALUES (1, x'00000000000000000000000000000002', 1, 'nat', 'nat',
    'worker1', '0.1.0', 10000000, 'c0ffee', 1795236900000000,
    1795237500000000, 'interrupted', 240, 240, 1, 2500);
INSERT INTO address VALUES (1, '198.51.100.33'), (2, '198.51.100.34');
INSERT INTO note VALUES (1, 1795237000000000, 1795240000000000, 'traffic of the batch job begins');
WITH RECURSIVE slot(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM slot WHERE n < 59),
  e(endpoint, seq) AS (VALUES (1, 0), (1, 1), (2, 0), (3, 0)),
  fate AS (SELECT n, endpoint, seq,
    CASE WHEN endpoint = 1 AND n = 50 THEN 'dns_timeout'
      WHEN endpoint = 1 AND n = 59 AND seq = 1 THEN 'interrupted'
      WHEN endpoint = 1 AND n BETWEEN 20 AND 29 AND seq = n % 2
        THEN 'connect_timeout' END AS failure
    FROM slot, e)
INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq, failure,
    failed_phase, syn_retransmits, connect_us, tls_us, request_us, total_us,
    http_status, started_at, observed_address_id, attempt_id)
  SELECT 1, endpoint,
    CASE WHEN failure = 'dns_timeout' THEN NULL
      WHEN endpoint = 1 THEN 1 + (n + seq) % 2 ELSE endpoint + 1 END,
    179523690 + n, seq, failure,
    CASE failure WHEN 'dns_timeout' THEN 'dns' WHEN 'interrupted' THEN 'tls'
      WHEN 'connect_timeout' THEN 'connect' END,
    CASE WHEN failure = 'dns_timeout' THEN NULL
      WHEN failure = 'connect_timeout' THEN 4 ELSE 0 END,
    CASE WHEN failure = 'dns_timeout' THEN NULL
      WHEN failure = 'connect_timeout' THEN 10000000 ELSE 1500 + n * 10 END,
    CASE WHEN failure IS NULL THEN 3000 + n * 7 END,
    CASE WHEN failure IS NULL THEN 20000 + n * 100 END,
    CASE WHEN failure IS NULL THEN 24500 + n * 117
      WHEN failure = 'connect_timeout' THEN 10000000 ELSE 1500 END,
    CASE WHEN failure IS NOT NULL THEN NULL
      WHEN endpoint = 1 THEN 101 ELSE 200 END,
    (179523690 + n) * 10000000 + 251000 + seq * 5000000,
    CASE WHEN endpoint = 3 THEN 1 + n % 2 END,
    CAST(printf('n%014d.', n * 100 + endpoint * 10 + seq) AS BLOB)
  FROM fate ORDER BY n, endpoint, seq;
