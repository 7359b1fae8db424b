// Packets on their way out: collected in a scratch, equal-sized neighbours to one receiver joined into one UDP_SEGMENT
// send, many sends handed to the kernel in one call. What the kernel won't take waits in the socket's bounded backlog.
#pragma once

#include <cstdint>
#include <memory>

#include "address.h"
#include "stats.h"
#include "udp.h"

namespace efir {

class SocketTable;

class TxBatch {
 public:
  TxBatch(SocketTable* sockets, Stats* stats, bool portable);

  /// Room for `length` bytes (at most 64 KB) to build a packet in. May send what is there.
  uint8_t* room(size_t length);
  /// The `length` bytes at the last `room()` are a packet. `owner` is the same for packets that may be joined, 0: none.
  void add(const Target& target, uint32_t owner, size_t length);
  void submit();
  /// The socket can be written again.
  void writable(UdpSocket& socket);
  size_t backlog_bytes() const { return backlog_bytes_; }
  /// The socket goes away.
  void forget(UdpSocket& socket);

 private:
  struct Run {
    Target target;
    uint32_t owner;
    uint32_t offset;
    uint32_t length;
    uint16_t segment;
    uint16_t count;
    bool closed;
  };
  struct BacklogEntry {
    Target target;
    uint32_t length;
  };
  static constexpr uint32_t kRuns = 32;
  static constexpr size_t kScratchBytes = 256 * 1024;
  static constexpr uint32_t kMaxSegments = 64;
  static constexpr uint32_t kMaxRunBytes = 65000;
  static constexpr size_t kMaxBacklogBytes = 2 * 1024 * 1024;
  static constexpr size_t kCompactBytes = 64 * 1024;

  SocketTable* sockets_;
  Stats* stats_;
  bool portable_;
  std::unique_ptr<uint8_t[]> scratch_;
  size_t used_ = 0;
  uint32_t runs_ = 0;
  size_t backlog_bytes_ = 0;
  Run run_[kRuns];
  alignas(cmsghdr) uint8_t controls_[kRuns][kSendControlBytes];

  void send_runs();
  uint32_t send_many(UdpSocket& socket);
  int send_one(UdpSocket& socket, const Target& target, const uint8_t* bytes, uint32_t length);
  bool send_apart(UdpSocket& socket, const Run& run);
  void keep(UdpSocket& socket, const Target& target, const uint8_t* bytes, uint32_t length, uint16_t segment);
  void sent(uint32_t length, uint16_t count) {
    stats_->txPackets += count;
    stats_->txBytes += length;
  }
};

/// Whom the batch asks for sockets, and for being told when one can be written again.
class SocketTable {
 public:
  virtual UdpSocket* socket(uint32_t handle) = 0;
  virtual void watch_writable(UdpSocket& socket, bool on) = 0;

 protected:
  ~SocketTable() = default;
};

}  // namespace efir
