"""read_all.py SOCKET BYTES: reads so many bytes; prints the microseconds from the first one to the last."""
import socket
import sys
import time

port = socket.socket(socket.AF_UNIX)
port.settimeout(120)
port.connect(sys.argv[1])
left = int(sys.argv[2])
buffer = bytearray(1 << 20)
left -= port.recv_into(buffer, 1)
began = time.monotonic_ns()
while left > 0:
    got = port.recv_into(buffer)
    if got == 0:
        sys.exit("the port ended %d bytes early" % left)
    left -= got
print((time.monotonic_ns() - began) // 1000)
