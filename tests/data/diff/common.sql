-- What both hosts have: two endpoints, a witness, two targets of the first.
INSERT INTO endpoint (id, name, url, control, verify, kind) VALUES
  (1, 'listen', 'wss://api.example.com/v1/listen', 0, 1, 'endpoint'),
  (2, 'other', 'https://status.example.net/', 1, 1, 'endpoint'),
  (3, 'witness', 'https://witness.example.net:8443/', 0, 1, 'witness');
INSERT INTO target (id, address, port, family) VALUES
  (1, '203.0.113.10', 443, 4), (2, '203.0.113.11', 443, 4),
  (3, '198.51.100.7', 443, 4), (4, '2001:db8::7', 8443, 6);
