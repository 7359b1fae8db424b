// Session keys out of master key and salt: AES-CM with labels (RFC 3711 section 4.3, RFC 7714 section 11),
// key derivation rate 0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efir {

enum class SrtpProfile : uint8_t { kNone = 0, kAes128CmSha1_80 = 1, kAeadAes128Gcm = 7 };

constexpr size_t kSrtpKeyBytes = 16;
constexpr size_t kSrtpSaltBytes = 14;
constexpr size_t kGcmSaltBytes = 12;
constexpr size_t kSha1KeyBytes = 20;

inline size_t salt_bytes(SrtpProfile profile) {
  return profile == SrtpProfile::kAeadAes128Gcm ? kGcmSaltBytes : kSrtpSaltBytes;
}

enum SrtpLabel : uint8_t {
  kLabelRtpKey = 0,
  kLabelRtpAuth = 1,
  kLabelRtpSalt = 2,
  kLabelRtcpKey = 3,
  kLabelRtcpAuth = 4,
  kLabelRtcpSalt = 5,
};

/// `salt` is 14 bytes; a 12-byte salt (AEAD) is followed by two zeros.
bool srtp_derive(const uint8_t key[kSrtpKeyBytes], const uint8_t salt[kSrtpSaltBytes], uint8_t label, uint8_t* out,
                 size_t length);

}  // namespace efir
