// AES-128-GCM (NIST SP 800-38D) for packets, on the AES and carry-less multiplication instructions of x86-64. A packet
// is short: OpenSSL's way to its own kernel costs as much as the kernel, and OpenSSL 3.0 has none for wide registers.
// Elsewhere `gcm_kind()` says `kNone` and EVP does the work. No branch and no address depends on a key or on plaintext.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efir {

enum class GcmKind : uint8_t {
  kNone = 0,
  /// 128-bit AES-NI and PCLMULQDQ.
  kAesNi = 1,
  /// 512-bit VAES and VPCLMULQDQ.
  kVaes = 2,
};

constexpr size_t kGcmPowers = 17;

/// An expanded key: AES round keys, and H^17 .. H^1 in that order (twisted as RFC 8452 appendix A has it, so that a
/// product needs no shift), with zeros behind for wide loads.
struct GcmKey {
  uint8_t rounds[11][16];
  uint8_t powers[kGcmPowers + 3][16];
  GcmKind kind = GcmKind::kNone;

  /// `made_for` is not `kNone`.
  GcmKey(GcmKind made_for, const uint8_t key[16]);
  ~GcmKey();
  GcmKey(const GcmKey&) = delete;
  GcmKey& operator=(const GcmKey&) = delete;
};

/// The best that this CPU has, or what `EFIR_GCM` (`evp`, `aesni`, `vaes`) asks for where the CPU has it.
GcmKind gcm_kind();
/// For tests: the kind that keys set from now on are for. False if this CPU hasn't got it.
bool gcm_use(GcmKind kind);

/// What both directions take: `in` and `out` hold `length` bytes and may be the same.
struct GcmPacket {
  const uint8_t* iv;  // 12 bytes
  const uint8_t* aad;
  size_t aad_length;
  const uint8_t* in;
  uint8_t* out;
  size_t length;
};

void gcm_seal(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]);
/// False when the tag is wrong: what stands in `out` is then not to be used.
bool gcm_open(const GcmKey& key, const GcmPacket& packet, const uint8_t tag[16]);

// The kernels. `tag` is the one that belongs to the ciphertext, in both directions.
void gcm_aesni_expand(const uint8_t key[16], GcmKey* out);
void gcm_aesni_seal(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]);
void gcm_aesni_open(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]);
void gcm_vaes_seal(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]);
void gcm_vaes_open(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]);

}  // namespace efir
