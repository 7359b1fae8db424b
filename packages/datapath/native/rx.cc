// In: staging -> which kind, whose -> SRTP opened straight into the next arena slot -> a row.
#include <time.h>

#include "datapath.h"
#include "rtp.h"

namespace efir {

namespace {

constexpr uint32_t kStunMagic = 0x2112a442;
constexpr size_t kStunHeader = 20;
/// Messages that one receive() may read without filling its rows: a flood of rubbish must not hold the loop.
constexpr uint32_t kMaxMessages = 1024;
/// After so long a silence the sequence number may have wrapped unheard.
constexpr uint64_t kWrapSilenceUs = 5 * 1000 * 1000;
/// A kernel stamp further off than this is from before a clock was set.
constexpr int64_t kMaxStampAgeUs = 2 * 1000 * 1000;

}  // namespace

uint32_t Datapath::receive() {
  if (closed_) return 0;
  rows_ = 0;
  turn_us_ = now_us();
  timespec real;
  clock_gettime(CLOCK_REALTIME, &real);
  realtime_offset_ns_ = int64_t(real.tv_sec) * 1000000000 + real.tv_nsec - int64_t(uv_hrtime());
  receiving_ = true;
  deliver_waiting_data();
  while (rows_ < config_.rx_rows && !tcp_in_.empty()) {
    TcpOutput packet = std::move(tcp_in_.front());
    tcp_in_.pop_front();
    Path path;
    path.key.family = kFamilyTcp;
    path.key.socket = packet.connection;
    input(path, paths_.find(path.key), packet.frame.data(), packet.frame.size(), uint32_t(turn_us_));
  }
  bool asked = false;
  uint32_t messages = 0;
  while (rows_ < config_.rx_rows) {
    if (staged_next_ < staged_) {
      open_staged();
    } else if (messages < kMaxMessages && read_more(&asked)) {
      messages += staged_;
    } else {
      break;
    }
  }
  receiving_ = false;
  batch_.submit();
  if (staged_next_ < staged_ || !tcp_in_.empty() || !data_in_.empty() || !ready_.empty()) wake();
  return rows_;
}

/// Fills the staging from the next socket that has something. The kernel is asked at most once which those are.
bool Datapath::read_more(bool* asked) {
  for (;;) {
    if (ready_.empty()) {
      if (*asked) return false;
      *asked = true;
      poll_kernel();
      if (ready_.empty()) return false;
    }
    uint32_t handle = ready_.front();
    UdpSocket* socket = this->socket(handle);
    staged_next_ = staged_at_ = 0;
    staged_ = socket ? staging_.read(*socket, &stats_.rxKernelDrops) : 0;
    ready_.pop_front();
    if (socket) {
      // There may be more; but it is the others' turn first.
      socket->ready = staged_ == staging_.capacity();
      if (socket->ready) ready_.push_back(handle);
    }
    if (staged_) return true;
  }
}

/// Opens what is staged until the rows are full.
void Datapath::open_staged() {
  for (; staged_next_ < staged_; staged_next_++, staged_at_ = 0) {
    const Received& message = staging_.at(staged_next_);
    if (!socket(message.path.key.socket)) continue;
    uint32_t peer = paths_.find(message.path.key);
    uint32_t arrival = arrival_us(message.stamp_ns);
    if (message.length == 0 || message.truncated) {
      stats_.rxPackets++;
      (message.truncated ? stats_.rxTooLarge : stats_.rxMalformed)++;
      continue;
    }
    while (staged_at_ < message.length) {
      if (rows_ == config_.rx_rows) return;
      uint32_t left = message.length - staged_at_;
      uint32_t size = left < message.segment ? left : message.segment;
      const uint8_t* bytes = message.bytes + staged_at_;
      staged_at_ += size;
      input(message.path, peer, bytes, size, arrival);
    }
  }
}

uint32_t Datapath::arrival_us(int64_t stamp_ns) const {
  if (stamp_ns == 0) return uint32_t(turn_us_);
  int64_t us = (stamp_ns - realtime_offset_ns_ - int64_t(born_ns_)) / 1000;
  int64_t ahead = us - int64_t(turn_us_);
  // Read in this turn, so hardly later than its beginning.
  if (ahead < -kMaxStampAgeUs || ahead > kMaxStampAgeUs) return uint32_t(turn_us_);
  return uint32_t(us);
}

/// RFC 7983: the first byte tells.
void Datapath::input(const Path& path, uint32_t handle, const uint8_t* bytes, size_t length, uint32_t arrival) {
  stats_.rxPackets++;
  stats_.rxBytes += length;
  if (handle) {
    Peer& peer = *peer_[index_of(handle)];
    peer.rx_packets++;
    peer.rx_bytes += length;
  }
  if (length > kSlotBytes) {
    stats_.rxTooLarge++;
    return;
  }
  uint8_t first = length ? bytes[0] : 0xff;
  if (first < 4) {
    input_stun(path, handle, bytes, length, arrival);
  } else if (first >= 20 && first < 64) {
    if (handle) {
      dtls_input(handle, path, bytes, length);
    } else {
      stats_.rxFromUnknown++;
    }
  } else if (first >= 128 && first < 192) {
    if (!handle) {
      stats_.rxFromUnknown++;
    } else if (length < kRtcpHeaderBytes) {
      stats_.rxMalformed++;
    } else if (!peer_[index_of(handle)]->rtp_in.keyed()) {
      stats_.srtpNoContext++;
    } else if (is_rtcp(bytes)) {
      input_rtcp(path, handle, bytes, length, arrival);
    } else {
      input_rtp(path, handle, bytes, length, arrival);
    }
  } else {
    stats_.rxMalformed++;
  }
}

uint32_t Datapath::reserve_packet() {
  slot_length_[next_packet_ & (config_.slots - 1)] = kSlotBytes;
  return next_packet_++;
}

uint32_t* Datapath::new_row(uint32_t kind, const Path& path, uint32_t handle, size_t length, uint32_t arrival) {
  uint32_t* row = config_.rx + size_t(rows_++) * kRxStride;
  slot_length_[next_packet_ & (config_.slots - 1)] = uint16_t(length);
  row[kRxKind] = kind;
  row[kRxPacket] = next_packet_++;
  row[kRxLength] = uint32_t(length);
  row[kRxPeer] = handle ? handle : kNoPeer;
  row[kRxArrivalUs] = arrival;
  row[kRxSocket] = path.key.socket;
  return row;
}

void Datapath::input_stun(const Path& path, uint32_t handle, const uint8_t* bytes, size_t length, uint32_t arrival) {
  if (length < kStunHeader || get32(bytes + 4) != kStunMagic) {
    stats_.rxMalformed++;
    return;
  }
  memcpy(next_slot(), bytes, length);
  write_path(path, config_.rx_paths + size_t(rows_) * kPathBytes);
  uint32_t* row = new_row(kKindStun, path, handle, length, arrival);
  for (uint32_t field : {kRxSsrc, kRxSequence, kRxTimestamp, kRxHeaderLength, kRxPayloadLength, kRxMarkerType}) {
    row[field] = 0;
  }
}

void Datapath::deliver_waiting_data() {
  while (!data_in_.empty()) {
    const WaitingData& data = data_in_.front();
    if (peers_.valid(data.peer) && !row_of_data(data.peer, data.path, data.bytes, data.arrival_us)) return;
    data_in_.pop_front();
  }
}

/// False when the rows are full.
bool Datapath::row_of_data(uint32_t handle, const Path& path, const Datagram& data, uint32_t arrival) {
  if (rows_ == config_.rx_rows) return false;
  memcpy(next_slot(), data.data(), data.size());
  uint32_t* row = new_row(kKindData, path, handle, data.size(), arrival);
  for (uint32_t field : {kRxSsrc, kRxSequence, kRxTimestamp, kRxHeaderLength, kRxPayloadLength, kRxMarkerType}) {
    row[field] = 0;
  }
  return true;
}

void Datapath::input_rtp(const Path& path, uint32_t handle, const uint8_t* bytes, size_t length, uint32_t arrival) {
  Peer& peer = *peer_[index_of(handle)];
  size_t header = rtp_header_length(bytes, length);
  if (!header) {
    stats_.rxMalformed++;
    return;
  }
  uint8_t* slot = next_slot();
  size_t opened = open_rtp(peer, bytes, header, length, slot);
  if (!opened) {
    peer.rx_dropped++;
    return;
  }
  size_t payload = opened - header;
  if (slot[0] & 0x20) {
    size_t padding = payload ? slot[opened - 1] : 0;
    if (padding == 0 || padding > payload) {
      stats_.rxMalformed++;
      return;
    }
    payload -= padding;
  }
  uint32_t* row = new_row(kKindRtp, path, handle, opened, arrival);
  row[kRxSsrc] = get32(slot + 8);
  row[kRxSequence] = get16(slot + 2);
  row[kRxTimestamp] = get32(slot + 4);
  row[kRxHeaderLength] = uint32_t(header);
  row[kRxPayloadLength] = uint32_t(payload);
  row[kRxMarkerType] = slot[1];
}

/// Opened length, or 0 with the reason counted.
size_t Datapath::open_rtp(Peer& peer, const uint8_t* bytes, size_t header, size_t length, uint8_t* slot) {
  uint32_t ssrc = get32(bytes + 8);
  uint16_t sequence = get16(bytes + 2);
  using Table = decltype(peer.rtp);
  Table::Entry fresh;
  Table::Entry* stream = peer.rtp.find(ssrc);
  bool known = stream != nullptr;
  if (!known) {
    if (!peer.rtp.has_room(turn_us_)) {
      stats_.ssrcLimitHits++;
      stats_.srtpNoContext++;
      return 0;
    }
    fresh = peer.rtp.candidate(ssrc);
    stream = &fresh;
  }
  bool silent = !stream->seen.empty() && turn_us_ - stream->last_us > kWrapSilenceUs;
  int64_t guess = stream->seen.empty() ? sequence : guess_index(stream->seen.highest(), sequence);
  bool refused = false;
  for (int wraps = 0; wraps <= (silent ? 1 : 0); wraps++) {
    int64_t index = guess + wraps * 65536;
    if (index < 0 || stream->seen.seen(uint64_t(index))) continue;
    size_t opened = peer.rtp_in.open_rtp(bytes, header, length, ssrc, uint64_t(index), slot);
    if (!opened) {
      refused = true;
      continue;
    }
    stream->seen.mark(uint64_t(index));
    stream->last_us = turn_us_;
    if (!known) peer.rtp.insert(fresh, turn_us_);
    return opened;
  }
  (refused ? stats_.srtpAuthFailures : stats_.srtpReplays)++;
  return 0;
}

void Datapath::input_rtcp(const Path& path, uint32_t handle, const uint8_t* bytes, size_t length, uint32_t arrival) {
  Peer& peer = *peer_[index_of(handle)];
  int64_t index = SrtpCipher::rtcp_index(peer.profile, bytes, length);
  if (index < 0 || bytes[0] >> 6 != 2) {
    stats_.rxMalformed++;
    return;
  }
  uint32_t ssrc = get32(bytes + 4);
  using Table = decltype(peer.rtcp);
  Table::Entry fresh;
  Table::Entry* source = peer.rtcp.find(ssrc);
  bool known = source != nullptr;
  if (!known) {
    if (!peer.rtcp.has_room(turn_us_)) {
      stats_.ssrcLimitHits++;
      stats_.srtpNoContext++;
      return;
    }
    fresh = peer.rtcp.candidate(ssrc);
    source = &fresh;
  }
  if (source->seen.seen(uint64_t(index))) {
    stats_.srtcpReplays++;
    peer.rx_dropped++;
    return;
  }
  uint8_t* slot = next_slot();
  size_t opened = peer.rtcp_in.open_rtcp(bytes, length, ssrc, uint32_t(index), slot);
  if (!opened) {
    stats_.srtcpAuthFailures++;
    peer.rx_dropped++;
    return;
  }
  source->seen.mark(uint64_t(index));
  source->last_us = turn_us_;
  if (!known) peer.rtcp.insert(fresh, turn_us_);
  uint32_t* row = new_row(kKindRtcp, path, handle, opened, arrival);
  row[kRxSsrc] = ssrc;
  row[kRxSequence] = row[kRxTimestamp] = row[kRxPayloadLength] = 0;
  row[kRxHeaderLength] = uint32_t(kRtcpHeaderBytes);
  row[kRxMarkerType] = bytes[1];
}

void Datapath::inject_tcp(uint32_t connection, const uint8_t* bytes, size_t length) {
  if (closed_) return;
  if (tcp_in_.size() >= config_.rx_rows) {
    stats_.rxInjectDrops++;
    return;
  }
  tcp_in_.push_back({connection, std::vector<uint8_t>(bytes, bytes + length)});
  wake();
}

}  // namespace efir
