-- Two hosts behind a NAT, a census a minute: worker1 is the busier one.  From
-- minute 10 to 19 its connections pass the 64 ports that the configuration
-- gives each host, and its connects starve.
INSERT INTO endpoint (id, name, url, control, verify, kind) VALUES
  (1, 'api', 'https://api.example.com/', 0, 1, 'endpoint');
INSERT INTO target (id, address, port, family) VALUES
  (1, '203.0.113.10', 443, 4), (2, '203.0.113.11', 443, 4);
INSERT INTO agent VALUES
  (1, '00000000000000000000000000000001', 'worker1', 1795236900000000),
  (2, '00000000000000000000000000000002', 'worker2', 1795236900000000);
INSERT INTO run (id, uuid, agent_id, path, role, host_name, version,
    interval_us, config_digest, started_at, ended_at, ended_how, planned,
    fired, gateway)
  SELECT id, CAST(printf('%016d', id) AS BLOB), id, 'nat', 'nat', host_name,
    '0.1.0', 60000000, 'c0ffee', 1795236900000000, 1795238700000000,
    'finished', 30, 30,
    '{"provider":"gcp","pool":"per-destination","addresses":2,"ports_per_host":64,"time_wait_us":30000000,"idle_us":null}'
  FROM agent;
WITH RECURSIVE minute(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM minute WHERE n < 29)
INSERT INTO host_sample (id, run_id, slot, at)
  SELECT 1 + n + 100 * (id - 1), id, 29920615 + n,
    (29920615 + n) * 60000000 + 1000000 FROM minute, run;
-- worker1: 40 open, in the bad minutes 120 and 60 in TIME_WAIT; worker2: 20, 0.
INSERT INTO census (sample_id, target_id, established, syn_sent, time_wait,
    closing, close_wait, local_ports, own)
  SELECT id, 1,
    CASE WHEN run_id = 2 THEN 20 WHEN slot - 29920615 BETWEEN 10 AND 19 THEN 111 ELSE 31 END,
    CASE WHEN run_id = 2 THEN 0 ELSE 4 END,
    CASE WHEN run_id = 1 AND slot - 29920615 BETWEEN 10 AND 19 THEN 60 ELSE 0 END,
    CASE WHEN run_id = 2 THEN 0 ELSE 3 END, CASE WHEN run_id = 2 THEN 0 ELSE 3 END,
    0, CASE WHEN run_id = 2 THEN 0 ELSE 1 END
  FROM host_sample;
INSERT INTO census (sample_id, target_id, established, syn_sent, time_wait,
    closing, close_wait, local_ports, own)
  SELECT id, 2, 2, 0, 0, 0, 0, 2, 0 FROM host_sample;
INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq, failure,
    failed_phase, connect_us, total_us, http_status, started_at, attempt_id)
  SELECT run_id, 1, 1, slot, 0,
    CASE WHEN run_id = 1 AND slot - 29920615 BETWEEN 9 AND 19 THEN 'connect_timeout' END,
    CASE WHEN run_id = 1 AND slot - 29920615 BETWEEN 9 AND 19 THEN 'connect' END,
    1500, 24500,
    CASE WHEN run_id = 1 AND slot - 29920615 BETWEEN 9 AND 19 THEN NULL ELSE 200 END,
    at, CAST(printf('%016d', id) AS BLOB)
  FROM host_sample;
