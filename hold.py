import os, socket, sys, time

def listen(backlog):
    s = socket.socket()
    s.bind(("127.0.0.9", 0))
    s.listen(backlog)
    return s

def pair():
    c = socket.socket()
    c.connect(listener.getsockname())
    return c, listener.accept()[0]

listener = listen(64)
kept = [pair() for i in range(12)]
for i in range(3):              # the far end closes: CLOSE_WAIT
    kept.append(pair())
    kept[-1][1].close()
for i in range(4):              # we close: FIN_WAIT2
    kept.append(pair())
    kept[-1][0].close()
for i in range(5):              # both, we first: TIME_WAIT
    c, s = pair()
    c.close()
    s.close()
full = listen(0)
for i in range(6):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(full.getsockname())
    kept.append(c)
time.sleep(0.2)
with open(sys.argv[1] + ".new", "w") as f:
    print(listener.getsockname()[1], full.getsockname()[1], file=f)
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(120)
