"""Raw Ethernet frames for tests: `send IFACE MAC IP PEER_MAC PEER_IP GATEWAY` sends one of each kind, each with its name in it;
`hear IFACE SECONDS` prints the names of those that come in."""
import re
import socket
import struct
import sys
import time

ETH_ALL = 3


def mac(text):
    return bytes(int(part, 16) for part in text.split(":"))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton(target))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(source, target, payload):
    return struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload


def ipv6(source, target, protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255) + source + target + payload


def icmpv6(source, target, payload):
    pseudo = source + target + struct.pack("!II", len(payload), 58)
    return payload[:2] + struct.pack("!H", checksum(pseudo + payload)) + payload[4:]


def local(address):
    own = mac(address)
    return socket.inet_pton(socket.AF_INET6, "fe80::")[:8] + bytes([own[0] ^ 2]) + own[1:3] + b"\xff\xfe" + own[3:]


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + sender_mac + socket.inet_aton(sender) + target_mac + socket.inet_aton(target)


def frames(own, address, peer, peer_address, gateway):
    other = mac("52:54:00:ee:ee:ee")
    own_local, nodes = local(own), socket.inet_pton(socket.AF_INET6, "ff02::1")
    gateway_local = socket.inet_pton(socket.AF_INET6, "fe80::1")
    own, peer = mac(own), mac(peer)
    all_nodes = mac("33:33:00:00:00:01")

    def name(text):
        return b"<" + text.encode() + b">"

    def said(text, source=address, ports=(7777, 7777)):
        return ipv4(source, peer_address, 17, udp(*ports, name(text)))

    advert = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    neighbour = struct.pack("!BBHI", 136, 0, 0, 0xA0000000) + gateway_local + b"\x02\x01" + own
    yield peer + own + b"\x08\x00" + said("good")
    yield peer + other + b"\x08\x00" + said("mac")
    yield peer + own + b"\x08\x00" + said("address", source=gateway)
    yield peer + own + b"\x08\x06" + arp(2, own, gateway, peer, peer_address) + name("arp-address")
    yield peer + own + b"\x08\x06" + arp(2, other, address, peer, peer_address) + name("arp-mac")
    yield peer + own + b"\x08\x00" + said("dhcp-server", ports=(67, 68))
    yield all_nodes + own + b"\x86\xdd" + ipv6(own_local, nodes, 58, icmpv6(own_local, nodes, advert + name("router")))
    yield all_nodes + own + b"\x86\xdd" + ipv6(own_local, nodes, 58, icmpv6(own_local, nodes, neighbour + name("neighbour")))
    yield peer + own + b"\x86\xdd" + ipv6(gateway_local, local("52:54:00:00:00:01"), 17, udp(7777, 7777, name("ipv6-address")))
    yield peer + own + b"\x86\xdd" + ipv6(own_local, nodes, 17, udp(547, 546, name("dhcpv6-server")))
    yield mac("01:80:c2:00:00:00") + own + struct.pack("!H", 38) + b"\x42\x42\x03" + bytes(35) + name("stp")
    yield peer + own + b"\x81\x00\x00\x07\x08\x00" + said("vlan")


if sys.argv[1] == "send":
    device = sys.argv[2]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((device, 0))
    for frame in frames(*sys.argv[3:]):
        wire.send(frame.ljust(60, b"\0"))
else:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ALL))
    wire.bind((sys.argv[2], 0))
    print("listening", flush=True)
    end, heard = time.monotonic() + float(sys.argv[3]), set()
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            heard.update(re.findall(rb"<([a-z0-9-]+)>", wire.recv(2048)))
        except TimeoutError:
            break
    print(" ".join(sorted(each.decode() for each in heard)))
