// The little of RTP and RTCP that sealing and opening need (RFC 3550 section 5.1).
#pragma once

#include <cstddef>
#include <cstdint>

namespace efir {

constexpr size_t kRtpFixedHeader = 12;

inline uint16_t get16(const uint8_t* in) { return uint16_t(in[0] << 8 | in[1]); }
inline uint32_t get32(const uint8_t* in) { return uint32_t(get16(in)) << 16 | get16(in + 2); }

/// Bytes of header, CSRCs and extension block; 0 when that isn't all there or the version isn't 2.
inline size_t rtp_header_length(const uint8_t* packet, size_t length) {
  if (length < kRtpFixedHeader || packet[0] >> 6 != 2) return 0;
  size_t header = kRtpFixedHeader + 4 * size_t(packet[0] & 15);
  if (packet[0] & 0x10) {
    if (length < header + 4) return 0;
    header += 4 + 4 * size_t(get16(packet + header + 2));
  }
  return header <= length ? header : 0;
}

/// RFC 5761 section 4: told by what would be marker and payload type.
inline bool is_rtcp(const uint8_t* packet) { return packet[1] >= 192 && packet[1] <= 223; }

}  // namespace efir
