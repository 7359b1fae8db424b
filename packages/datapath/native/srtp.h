// Sealing and opening of one direction's SRTP or SRTCP packets: AEAD_AES_128_GCM (RFC 7714) and AES128_CM_SHA1_80
// (RFC 3711). Knows keys and formats; which index a packet has, and whether it may be used, is the caller's business.
#pragma once

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "gcm.h"
#include "srtp_kdf.h"

namespace efir {

constexpr size_t kGcmTagBytes = 16;
constexpr size_t kCmTagBytes = 10;
constexpr size_t kSrtcpIndexBytes = 4;
constexpr size_t kRtcpHeaderBytes = 8;
/// The most that sealing adds: SRTCP under AEAD.
constexpr size_t kMaxSrtpGrowth = kGcmTagBytes + kSrtcpIndexBytes;

struct HmacSha1Key {
  SHA_CTX inner;
  SHA_CTX outer;

  HmacSha1Key(const uint8_t* key, size_t length);
  ~HmacSha1Key();
  /// First 10 bytes of HMAC-SHA1 over `data` and, if given, four more bytes.
  void tag(const uint8_t* data, size_t length, const uint8_t* more4, uint8_t out[kCmTagBytes]) const;
};

/// A keyed context; only the IV changes from packet to packet.
class SrtpCipher {
 public:
  SrtpCipher() = default;
  SrtpCipher(SrtpCipher&& other) noexcept { swap(other); }
  SrtpCipher& operator=(SrtpCipher&& other) noexcept {
    swap(other);
    return *this;
  }
  SrtpCipher(const SrtpCipher&) = delete;
  SrtpCipher& operator=(const SrtpCipher&) = delete;
  ~SrtpCipher();

  /// Session keys, as derived. `seals`: this end encrypts with it.
  bool set(SrtpProfile profile, const uint8_t key[kSrtpKeyBytes], const uint8_t salt[kSrtpSaltBytes],
           const uint8_t auth[kSha1KeyBytes], bool seals);
  /// The same from master key and salt.
  bool derive(SrtpProfile profile, const uint8_t key[kSrtpKeyBytes], const uint8_t salt[kSrtpSaltBytes], bool rtcp,
              bool seals);

  bool keyed() const { return context_ || gcm_; }
  SrtpProfile profile() const { return profile_; }

  /// In place; `packet` has room for the tag. Returns the new length, 0 on failure. `index` is ROC << 16 | sequence.
  size_t seal_rtp(uint8_t* packet, size_t header, size_t length, uint32_t ssrc, uint64_t index);
  /// From `in` to `out`, which has room for `length` bytes. Returns the opened length; 0: not authentic.
  size_t open_rtp(const uint8_t* in, size_t header, size_t length, uint32_t ssrc, uint64_t index, uint8_t* out);
  /// `length` >= 8. Room for `kMaxSrtpGrowth`. Returns the new length, 0 on failure.
  size_t seal_rtcp(uint8_t* packet, size_t length, uint32_t ssrc, uint32_t index);
  /// `index` as read by `rtcp_index`.
  size_t open_rtcp(const uint8_t* in, size_t length, uint32_t ssrc, uint32_t index, uint8_t* out);

  /// The explicit index of an SRTCP packet; -1 when it is too short or not encrypted.
  static int64_t rtcp_index(SrtpProfile profile, const uint8_t* packet, size_t length);

 private:
  EVP_CIPHER_CTX* context_ = nullptr;  // AES-CM, and GCM where the CPU has nothing for it
  std::unique_ptr<HmacSha1Key> hmac_;  // AES-CM only
  std::unique_ptr<GcmKey> gcm_;
  uint8_t salt_[kSrtpSaltBytes] = {0};
  SrtpProfile profile_ = SrtpProfile::kNone;

  void swap(SrtpCipher& other);
  void gcm_iv_rtp(uint32_t ssrc, uint64_t index, uint8_t iv[12]) const;
  void gcm_iv_rtcp(uint32_t ssrc, uint32_t index, uint8_t iv[12]) const;
  void cm_iv(uint32_t ssrc, uint64_t index, uint8_t iv[16]) const;
  bool gcm_seal(const uint8_t iv[12], const uint8_t* aad, size_t aad_length, const uint8_t* aad2, uint8_t* data,
                size_t length);
  bool gcm_open(const uint8_t iv[12], const uint8_t* aad, size_t aad_length, const uint8_t* aad2, const uint8_t* in,
                size_t length, uint8_t* out);
  bool cm_crypt(const uint8_t iv[16], const uint8_t* in, size_t length, uint8_t* out);
};

}  // namespace efir
