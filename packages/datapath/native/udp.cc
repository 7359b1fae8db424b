#include "udp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <cstring>

#ifdef EFIR_LINUX
#include <time.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#endif

namespace efir {

namespace {

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/// As much as was asked for where we may, else as much as the system allows.
void set_buffers(int fd, const UdpOptions& options) {
  int receive = int(options.receive_buffer), send = int(options.send_buffer);
#ifdef SO_RCVBUFFORCE
  if (receive && set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive)) receive = 0;
  if (send && set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, send)) send = 0;
#endif
  if (receive) set_option(fd, SOL_SOCKET, SO_RCVBUF, receive);
  if (send) set_option(fd, SOL_SOCKET, SO_SNDBUF, send);
}

bool bind_address(const UdpOptions& options, uint8_t family, sockaddr_storage* name, socklen_t* length) {
  memset(name, 0, sizeof(*name));
  if (family == kFamilyV4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(name);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(options.port);
    *length = sizeof(sockaddr_in);
    return inet_pton(AF_INET, options.address.c_str(), &v4->sin_addr) == 1;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(name);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(options.port);
  *length = sizeof(sockaddr_in6);
  return inet_pton(AF_INET6, options.address.c_str(), &v6->sin6_addr) == 1;
}

}  // namespace

UdpSocket::~UdpSocket() {
  if (fd >= 0) ::close(fd);
}

std::unique_ptr<UdpSocket> UdpSocket::open(const UdpOptions& options, int* error) {
  std::unique_ptr<UdpSocket> self(new UdpSocket());
  self->family = options.address.find(':') == std::string::npos ? kFamilyV4 : kFamilyV6;
  bool v6 = self->family == kFamilyV6;
  sockaddr_storage name;
  socklen_t length = 0;
  if (!bind_address(options, self->family, &name, &length)) {
    *error = EINVAL;
    return nullptr;
  }
  self->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  if (self->fd < 0) {
    *error = errno;
    return nullptr;
  }
  int fd = self->fd;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
  if (v6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  set_buffers(fd, options);
#ifdef IPV6_RECVPKTINFO
  if (v6) set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
#endif
#if defined(IP_RECVPKTINFO)
  if (!v6) set_option(fd, IPPROTO_IP, IP_RECVPKTINFO, 1);
#elif defined(IP_PKTINFO)
  if (!v6) set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
#endif
#ifdef EFIR_LINUX
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  if (!options.portable) {
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    set_option(fd, SOL_UDP, UDP_GRO, 1);
    int segment = 0;
    socklen_t size = sizeof(segment);
    self->gso = getsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, &size) == 0;
  }
#endif
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    *error = errno;
    return nullptr;
  }
  PathKey own;
  key_from_name(name, &own);
  self->port = uint16_t(own.port[0] << 8 | own.port[1]);
  memcpy(self->local, own.address, 16);
  static const uint8_t kZero[16] = {0};
  self->wildcard = memcmp(own.address, kZero, 16) == 0;
  return self;
}

Staging::Staging(bool portable)
    : portable_(portable),
      messages_(portable ? 1 : kMessages),
      bytes_(new uint8_t[size_t(messages_) * kMessageBytes]) {}

void Staging::digest(uint32_t i, const UdpSocket& socket, const msghdr& header, uint32_t length, uint32_t* overflow) {
  static_cast<void>(overflow);  // only Linux tells
  Received& out = received_[i];
  out.bytes = bytes_.get() + size_t(i) * kMessageBytes;
  out.length = length;
  out.segment = length;
  out.stamp_ns = 0;
  out.truncated = (header.msg_flags & MSG_TRUNC) != 0;
  out.path = Path();
  key_from_name(names_[i], &out.path.key);
  out.path.key.socket = socket.handle;
  memcpy(out.path.local, socket.local, 16);
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(const_cast<msghdr*>(&header), c)) {
#ifdef IP_PKTINFO
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof(info));
      memcpy(out.path.local, &info.ipi_addr, 4);
    }
#endif
#ifdef IPV6_PKTINFO
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof(info));
      memcpy(out.path.local, &info.ipi6_addr, 16);
    }
#endif
#ifdef EFIR_LINUX
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) memcpy(overflow, CMSG_DATA(c), 4);
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp;
      memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
      out.stamp_ns = int64_t(stamp.tv_sec) * 1000000000 + stamp.tv_nsec;
    }
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int segment = 0;
      memcpy(&segment, CMSG_DATA(c), sizeof(segment));
      if (segment > 0 && uint32_t(segment) < length) out.segment = uint32_t(segment);
    }
#endif
  }
}

uint32_t Staging::read(UdpSocket& socket, uint64_t* kernel_drops) {
  uint32_t overflow = socket.overflow_seen;
  uint32_t count = 0;
#ifdef EFIR_LINUX
  if (!portable_) {
    mmsghdr headers[kMessages];
    for (uint32_t i = 0; i < kMessages; i++) {
      vectors_[i] = {bytes_.get() + size_t(i) * kMessageBytes, kMessageBytes};
      headers[i] = mmsghdr();
      headers[i].msg_hdr.msg_name = &names_[i];
      headers[i].msg_hdr.msg_namelen = sizeof(names_[i]);
      headers[i].msg_hdr.msg_iov = &vectors_[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_control = controls_[i];
      headers[i].msg_hdr.msg_controllen = kControlBytes;
    }
    int got = recvmmsg(socket.fd, headers, kMessages, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < got; i++) digest(uint32_t(i), socket, headers[i].msg_hdr, headers[i].msg_len, &overflow);
    count = got > 0 ? uint32_t(got) : 0;
  }
#endif
  if (portable_) {
    vectors_[0] = {bytes_.get(), kMessageBytes};
    msghdr header = msghdr();
    header.msg_name = &names_[0];
    header.msg_namelen = sizeof(names_[0]);
    header.msg_iov = &vectors_[0];
    header.msg_iovlen = 1;
    header.msg_control = controls_[0];
    header.msg_controllen = kControlBytes;
    ssize_t got = recvmsg(socket.fd, &header, 0);
    if (got >= 0) {
      digest(0, socket, header, uint32_t(got), &overflow);
      count = 1;
    }
  }
  *kernel_drops += uint32_t(overflow - socket.overflow_seen);
  socket.overflow_seen = overflow;
  return count;
}

void describe_send(const UdpSocket& socket, const Target& target, uint16_t segment, msghdr* header, uint8_t* control) {
  header->msg_name = const_cast<sockaddr_in6*>(&target.v6);
  header->msg_namelen = target.name_length();
  bool source = socket.wildcard && target.has_local;
  if (!source && !segment) {
    header->msg_control = nullptr;
    header->msg_controllen = 0;
    return;
  }
  memset(control, 0, kSendControlBytes);
  header->msg_control = control;
  header->msg_controllen = kSendControlBytes;
  cmsghdr* c = CMSG_FIRSTHDR(header);
  size_t used = 0;
  if (source && target.family == kFamilyV4) {
#ifdef IP_PKTINFO
    in_pktinfo info = in_pktinfo();
    memcpy(&info.ipi_spec_dst, target.local, 4);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(c), &info, sizeof(info));
    used += CMSG_SPACE(sizeof(info));
#endif
  } else if (source) {
#ifdef IPV6_PKTINFO
    in6_pktinfo info = in6_pktinfo();
    memcpy(&info.ipi6_addr, target.local, 16);
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(c), &info, sizeof(info));
    used += CMSG_SPACE(sizeof(info));
#endif
  }
#ifdef EFIR_LINUX
  if (segment) {
    c = reinterpret_cast<cmsghdr*>(control + used);
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(segment));
    memcpy(CMSG_DATA(c), &segment, sizeof(segment));
    used += CMSG_SPACE(sizeof(segment));
  }
#endif
  header->msg_controllen = used;
  if (!used) header->msg_control = nullptr;
}

}  // namespace efir
