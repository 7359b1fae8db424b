// Out: row -> checks -> prefix, slot bytes, padding -> SRTP sealed in place -> batch. Nothing is allocated per packet.
#include "datapath.h"
#include "rtp.h"

namespace efir {

namespace {

constexpr size_t kMaxRtcpBytes = 1400;
constexpr size_t kMaxDataBytes = 1400;
constexpr size_t kMaxQueuedRtcpBytes = 256 * 1024;
constexpr uint32_t kLastRtcpIndex = 0x7fffffff;

}  // namespace

void Datapath::flush(uint32_t rows) {
  if (closed_) return;
  if (rows > config_.tx_rows) rows = config_.tx_rows;
  for (uint32_t i = 0; i < rows; i++) {
    send_row(config_.tx + size_t(i) * kTxStride, config_.tx_prefix + size_t(i) * kTxPrefixBytes);
  }
  flush_rtcp();
  batch_.submit();
  deliver_tcp();
}

void Datapath::send_row(const uint32_t* row, const uint8_t* prefix) {
  uint32_t at = index_of(row[kTxStream]);
  if (at >= streams_.end() || row[kTxStream] == 0 || stream_tx_[at].handle != row[kTxStream]) {
    stats_.txMalformed++;
    return;
  }
  StreamTx& stream = stream_tx_[at];
  PeerTx& peer = peer_tx_[stream.peer];
  if (!peer.keyed || peer.target.family == 0) {
    stats_.txNotReady++;
    return;
  }

  uint32_t prefix_length = row[kTxPrefixLength];
  uint32_t payload = row[kTxPayloadLength];
  uint32_t padding = row[kTxPadding];
  size_t header = prefix_length <= kTxPrefixBytes ? rtp_header_length(prefix, prefix_length) : 0;
  if (!header || get32(prefix + 8) != stream.ssrc || is_rtcp(prefix) || payload > kSlotBytes || padding > 255 ||
      (padding && !(prefix[0] & 0x20)) || prefix_length + payload + padding > kSlotBytes) {
    stats_.txMalformed++;
    return;
  }
  const uint8_t* source = nullptr;
  if (payload && (row[kTxFlags] & kTxMade)) {
    if (uint64_t(row[kTxPayloadOffset]) + payload > kMadeBytes) {
      stats_.txMalformed++;
      return;
    }
    source = config_.made + row[kTxPayloadOffset];
  } else if (payload) {
    uint32_t behind = next_packet_ - row[kTxPacket];
    // The slot that comes next may have been scribbled on by a packet that failed.
    if (behind == 0 || behind >= config_.slots) {
      stats_.txStale++;
      return;
    }
    uint32_t slot = row[kTxPacket] & (config_.slots - 1);
    if (uint64_t(row[kTxPayloadOffset]) + payload > slot_length_[slot]) {
      stats_.txMalformed++;
      return;
    }
    source = config_.arena + size_t(slot) * kSlotBytes + row[kTxPayloadOffset];
  }

  uint16_t sequence = get16(prefix + 2);
  int64_t index = stream.sealed.empty() ? sequence : guess_index(stream.sealed.highest(), sequence);
  bool again = index < 0 || stream.sealed.seen(uint64_t(index));
  bool allowed = index >= 0 && (row[kTxFlags] & kTxRepeat) && peer.rtp_out.profile() != SrtpProfile::kAeadAes128Gcm;
  if (again && !allowed) {
    stats_.txRepeats++;
    return;
  }
  stream.sealed.mark(uint64_t(index));

  size_t length = prefix_length + payload + padding;
  bool tcp = peer.target.family == kFamilyTcp;
  if (tcp) tcp_scratch_.resize(kSlotBytes + kMaxSrtpGrowth);
  uint8_t* packet = tcp ? tcp_scratch_.data() : batch_.room(length + kMaxSrtpGrowth);
  memcpy(packet, prefix, prefix_length);
  if (payload) memcpy(packet + prefix_length, source, payload);
  if (padding) {
    memset(packet + prefix_length + payload, 0, padding - 1);
    packet[length - 1] = uint8_t(padding);
  }
  size_t sealed = peer.rtp_out.seal_rtp(packet, header, length, stream.ssrc, uint64_t(index));
  if (!sealed) {
    stats_.txErrors++;
    return;
  }
  peer.packets++;
  peer.bytes += sealed;
  if (tcp) {
    frame_tcp(peer.target.socket, packet, sealed);
  } else {
    batch_.add(peer.target, peer.handle, sealed);
  }
}

void Datapath::send_rtcp(uint32_t handle, const uint8_t* bytes, size_t length) {
  if (closed_ || !peers_.valid(handle)) return;
  Peer& peer = *peer_[index_of(handle)];
  if (!peer.rtcp_out.keyed()) return;
  if (length < kRtcpHeaderBytes || length > kMaxRtcpBytes || length % 4 != 0 || bytes[0] >> 6 != 2 ||
      !is_rtcp(bytes)) {
    stats_.txMalformed++;
    return;
  }
  if (peer.rtcp_index == kLastRtcpIndex) {
    stats_.txErrors++;
    return;
  }
  if (rtcp_bytes_.size() + length + kMaxSrtpGrowth > kMaxQueuedRtcpBytes) {
    flush_rtcp();
    batch_.submit();
  }
  size_t offset = rtcp_bytes_.size();
  rtcp_bytes_.resize(offset + length + kMaxSrtpGrowth);
  uint8_t* packet = rtcp_bytes_.data() + offset;
  memcpy(packet, bytes, length);
  // One counter for all SSRCs of the peer: unique for each of them as well.
  size_t sealed = peer.rtcp_out.seal_rtcp(packet, length, get32(bytes + 4), ++peer.rtcp_index);
  rtcp_bytes_.resize(offset + sealed);
  if (!sealed) {
    stats_.txErrors++;
    return;
  }
  rtcp_queue_.push_back({handle, uint32_t(offset), uint32_t(sealed)});
}

void Datapath::flush_rtcp() {
  for (const QueuedRtcp& queued : rtcp_queue_) {
    if (!peers_.valid(queued.peer)) continue;
    PeerTx& peer = peer_tx_[index_of(queued.peer)];
    if (peer.target.family == 0) {
      stats_.txNotReady++;
      continue;
    }
    peer.packets++;
    peer.bytes += queued.length;
    output(peer.target, rtcp_bytes_.data() + queued.offset, queued.length);
  }
  rtcp_queue_.clear();
  rtcp_bytes_.clear();
}

void Datapath::send_data(uint32_t handle, const uint8_t* bytes, size_t length) {
  if (closed_ || !peers_.valid(handle)) return;
  if (length == 0 || length > kMaxDataBytes) {
    stats_.txMalformed++;
    return;
  }
  Peer& peer = *peer_[index_of(handle)];
  PeerTx& tx = peer_tx_[index_of(handle)];
  // Only a finished handshake is the loop's to touch.
  bool ready = peer.dtls && !peer.dtls->running && tx.keyed && tx.target.family != 0 &&
               peer.dtls->session->state() == DtlsSession::State::kConnected;
  if (!ready) {
    stats_.txNotReady++;
    return;
  }
  if (!peer.dtls->session->send(bytes, length)) stats_.txErrors++;
  for (const Datagram& record : peer.dtls->session->take_outputs()) {
    tx.packets++;
    tx.bytes += record.size();
    if (tx.target.family == kFamilyTcp) {
      frame_tcp(tx.target.socket, record.data(), record.size());
    } else {
      memcpy(batch_.room(record.size()), record.data(), record.size());
      batch_.add(tx.target, handle, record.size());
    }
  }
}

void Datapath::send_raw(const Path& path, const uint8_t* bytes, size_t length) {
  if (closed_) return;
  if (length == 0 || length > kSlotBytes) {
    stats_.txMalformed++;
    return;
  }
  output(Target(path), bytes, length);
  batch_.submit();
  deliver_tcp();
}

/// A packet as it is, into the batch or onto the list for TCP.
void Datapath::output(const Target& target, const uint8_t* bytes, size_t length) {
  if (target.family == kFamilyTcp) {
    frame_tcp(target.socket, bytes, length);
    return;
  }
  memcpy(batch_.room(length), bytes, length);
  batch_.add(target, 0, length);
}

/// RFC 4571: two bytes of length in front.
void Datapath::frame_tcp(uint32_t connection, const uint8_t* bytes, size_t length) {
  TcpOutput output;
  output.connection = connection;
  output.frame.reserve(length + 2);
  output.frame.push_back(uint8_t(length >> 8));
  output.frame.push_back(uint8_t(length));
  output.frame.insert(output.frame.end(), bytes, bytes + length);
  tcp_out_.push_back(std::move(output));
  wake();
  stats_.txPackets++;
  stats_.txBytes += length + 2;
}

}  // namespace efir
