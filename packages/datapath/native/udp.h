// A UDP socket: opening it with everything the kernel can do for us, reading a batch, sending a batch.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "address.h"
#include "platform.h"

namespace efir {

struct UdpOptions {
  std::string address;
  uint16_t port = 0;
  uint32_t receive_buffer = 0;  // bytes; 0: the system's
  uint32_t send_buffer = 0;
  bool portable = false;
};

/// Portable mode: one poll handle a socket.
struct SocketPoll {
  uv_poll_t poll;
  void* owner;
  uint32_t socket;
};

struct UdpSocket {
  uint32_t handle = 0;
  int fd = -1;
  uint16_t port = 0;
  uint8_t family = 0;
  bool wildcard = false;  // bound to any address: replies must name the one that was asked
  bool gso = false;
  bool want_write = false;
  bool ready = false;
  uint32_t overflow_seen = 0;  // SO_RXQ_OVFL counts since the socket's birth
  uint8_t local[16] = {0};
  SocketPoll* poll = nullptr;
  /// What the kernel would not take, as `BacklogEntry` and bytes.
  std::vector<uint8_t> backlog;
  size_t backlog_head = 0;

  ~UdpSocket();
  bool backlogged() const { return backlog.size() > backlog_head; }
  /// Null with `error` set to an errno.
  static std::unique_ptr<UdpSocket> open(const UdpOptions& options, int* error);
};

/// One received datagram, or with GRO several of `segment` bytes each (the last may be shorter), back to back.
struct Received {
  const uint8_t* bytes;
  uint32_t length;
  uint32_t segment;
  Path path;
  int64_t stamp_ns;  // CLOCK_REALTIME by the kernel, 0: none
  bool truncated;
};

/// Where datagrams lie between the kernel and the arena.
class Staging {
 public:
  explicit Staging(bool portable);
  /// Reads what there is, at most a batch. Returns how many messages, 0 when the socket is dry. Errors read as dry.
  uint32_t read(UdpSocket& socket, uint64_t* kernel_drops);
  uint32_t capacity() const { return messages_; }
  Received& at(uint32_t i) { return received_[i]; }

 private:
  static constexpr uint32_t kMessages = 16;
  static constexpr uint32_t kMessageBytes = 65536;
  static constexpr uint32_t kControlBytes = 256;
  bool portable_;
  uint32_t messages_;
  std::unique_ptr<uint8_t[]> bytes_;
  Received received_[kMessages];
  sockaddr_storage names_[kMessages];
  iovec vectors_[kMessages];
  alignas(cmsghdr) uint8_t controls_[kMessages][kControlBytes];

  void digest(uint32_t i, const UdpSocket& socket, const msghdr& header, uint32_t length, uint32_t* overflow);
};

constexpr size_t kSendControlBytes = 128;

/// Address, our own address and, for `segment` > 0, the segment size into `header`; `control` has kSendControlBytes.
void describe_send(const UdpSocket& socket, const Target& target, uint16_t segment, msghdr* header, uint8_t* control);

}  // namespace efir
