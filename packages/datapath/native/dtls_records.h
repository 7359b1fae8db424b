// DTLS 1.2 records after the handshake (RFC 6347 section 4.1, RFC 5288), for the suites with AES-128-GCM, which browsers
// choose. With this an SSL object, some 40 KB, need not be kept for what comes later: application data (data channels),
// alerts, and a repeated Finished. Keys stand here raw, contexts are made when needed.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "replay.h"

namespace efir {

constexpr uint8_t kRecordAlert = 21;
constexpr uint8_t kRecordHandshake = 22;
constexpr uint8_t kRecordData = 23;
constexpr size_t kRecordHeaderBytes = 13;

/// What the sender of protected records has used up, read off the records themselves.
struct DtlsSendState {
  uint64_t next_sequence = 0;  // of epoch 1
  uint64_t next_nonce = 0;     // the explicit part
  bool seen = false;

  void observe(const uint8_t* datagram, size_t length);
};

class DtlsRecords {
 public:
  /// From a finished handshake. Null when it isn't DTLS 1.2 with AES-128-GCM.
  static std::unique_ptr<DtlsRecords> from(SSL* ssl, bool client, const DtlsSendState& sent);
  ~DtlsRecords();

  /// A protected record, or nothing when OpenSSL fails.
  std::vector<uint8_t> seal(uint8_t type, const uint8_t* data, size_t length);
  /// Calls `visit(type, plain, length)` for each authentic and new record of epoch 1 in a datagram: data, alert or
  /// handshake. Returns how many were neither.
  template <class Visit>
  uint32_t open(const uint8_t* datagram, size_t length, Visit visit);

 private:
  static constexpr size_t kKeyBytes = 16;
  static constexpr size_t kFixedIvBytes = 4;
  static constexpr size_t kExplicitIvBytes = 8;
  static constexpr size_t kTagBytes = 16;
  static constexpr size_t kMaxPlain = 2048;  // as long as a datagram may be

  DtlsRecords() = default;
  size_t open_one(const uint8_t* record, size_t body, uint8_t plain[kMaxPlain]) const;

  uint8_t write_key_[kKeyBytes], read_key_[kKeyBytes];
  uint8_t write_iv_[kFixedIvBytes], read_iv_[kFixedIvBytes];
  DtlsSendState next_;
  ReplayWindow<2> seen_;  // record numbers of epoch 1 (RFC 6347 section 4.1.2.6)
};

template <class Visit>
uint32_t DtlsRecords::open(const uint8_t* datagram, size_t length, Visit visit) {
  uint32_t refused = 0;
  size_t at = 0;
  while (length - at >= kRecordHeaderBytes) {
    const uint8_t* record = datagram + at;
    size_t body = size_t(record[11]) << 8 | record[12];
    at += kRecordHeaderBytes;
    if (body > length - at) return refused + 1;
    at += body;
    bool wanted = record[0] == kRecordData || record[0] == kRecordAlert || record[0] == kRecordHandshake;
    if (!wanted || record[3] != 0 || record[4] != 1) continue;
    uint64_t number = 0;
    for (size_t i = 5; i < 11; i++) number = number << 8 | record[i];
    uint8_t plain[kMaxPlain];
    size_t opened = seen_.seen(number) ? 0 : open_one(record, body, plain);
    if (!opened) {
      refused++;
      continue;
    }
    seen_.mark(number);
    visit(record[0], plain, opened);
  }
  return refused;
}

}  // namespace efir
