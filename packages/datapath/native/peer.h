// What is kept of a peer: the little that every packet out touches, in flat arrays, and all the rest, by itself.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "address.h"
#include "dtls.h"
#include "inbound.h"
#include "replay.h"
#include "srtp.h"

namespace efir {

/// Two cache lines. `handle` is 0 while the place is free.
struct alignas(64) PeerTx {
  uint32_t handle = 0;
  bool keyed = false;
  Target target;
  SrtpCipher rtp_out;
  uint64_t packets = 0;
  uint64_t bytes = 0;
};
static_assert(sizeof(PeerTx) == 128, "two cache lines");

/// An outgoing stream. Sealed indexes are remembered so that none is sealed twice.
struct alignas(64) StreamTx {
  uint32_t handle = 0;
  uint32_t peer = 0;
  uint32_t ssrc = 0;
  ReplayWindow<8> sealed;
};

class Datapath;

/// A handshake: the session, and how it goes to the thread pool and back. Outlives its peer while a job is running.
struct Handshake {
  static constexpr size_t kMaxWaiting = 32;

  uv_work_t work;
  Datapath* datapath = nullptr;
  std::unique_ptr<DtlsSession> session;
  uint32_t peer = 0;  // 0: closed meanwhile
  bool running = false;
  bool started = false;
  bool timed_out = false;
  uint64_t deadline_us = 0;
  std::vector<Datagram> inputs;   // the job's
  std::vector<Datagram> waiting;  // come while it ran
  Path reply;                     // where the peer's DTLS last came from
};

constexpr size_t kMaxPaths = 16;
/// SSRCs that are followed of a peer, by themselves and at most if it is trusted with more.
constexpr uint32_t kDefaultSsrcs = 64;
constexpr uint32_t kMostSsrcs = 8192;

struct Peer {
  std::vector<Path> paths;  // oldest first
  Path selected;            // family 0: none yet
  std::unique_ptr<Handshake> dtls;
  SrtpCipher rtp_in, rtcp_in, rtcp_out;
  SrtpProfile profile = SrtpProfile::kNone;
  uint32_t rtcp_index = 0;  // of the last SRTCP packet sealed
  InboundTable<16> rtp;  // a thousand packets back, as browsers have it
  InboundTable<4> rtcp;
  std::vector<uint32_t> streams;
  /// Streams that were removed: their numbers stay used, or a nonce could come twice.
  std::vector<std::pair<uint32_t, uint64_t>> retired;
  uint64_t rx_packets = 0;
  uint64_t rx_bytes = 0;
  uint64_t rx_dropped = 0;
  bool closed_told = false;
};

}  // namespace efir
