#include "gcm.h"

#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#define EFIR_X86 1
#endif

namespace efir {

namespace {

#ifdef EFIR_X86
/// Whether the CPU has it and the system keeps the registers it needs.
bool has(GcmKind kind) {
  __builtin_cpu_init();
  bool narrow = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (kind != GcmKind::kVaes || !narrow) return narrow;
  // Older compilers don't know the names of the wide ones.
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned kVaesBit = 1u << 9, kWideClmulBit = 1u << 10;
  return (c & kVaesBit) && (c & kWideClmulBit) && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#else
bool has(GcmKind) { return false; }
#endif

GcmKind choose() {
  const char* asked = getenv("EFIR_GCM");
  if (asked && strcmp(asked, "evp") == 0) return GcmKind::kNone;
  bool narrow = asked && strcmp(asked, "aesni") == 0;
  if (!narrow && has(GcmKind::kVaes)) return GcmKind::kVaes;
  return has(GcmKind::kAesNi) ? GcmKind::kAesNi : GcmKind::kNone;
}

std::atomic<GcmKind>& chosen() {
  static std::atomic<GcmKind> kind{choose()};
  return kind;
}

}  // namespace

GcmKind gcm_kind() { return chosen().load(std::memory_order_relaxed); }

bool gcm_use(GcmKind kind) {
  if (kind != GcmKind::kNone && !has(kind)) return false;
  chosen().store(kind, std::memory_order_relaxed);
  return true;
}

GcmKey::~GcmKey() { OPENSSL_cleanse(this, sizeof(*this)); }

#ifdef EFIR_X86
GcmKey::GcmKey(GcmKind made_for, const uint8_t key[16]) : kind(made_for) { gcm_aesni_expand(key, this); }

void gcm_seal(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  if (key.kind == GcmKind::kVaes) {
    gcm_vaes_seal(key, packet, tag);
  } else {
    gcm_aesni_seal(key, packet, tag);
  }
}

bool gcm_open(const GcmKey& key, const GcmPacket& packet, const uint8_t tag[16]) {
  uint8_t expected[16];
  if (key.kind == GcmKind::kVaes) {
    gcm_vaes_open(key, packet, expected);
  } else {
    gcm_aesni_open(key, packet, expected);
  }
  return CRYPTO_memcmp(expected, tag, sizeof(expected)) == 0;
}
#else
// Never reached: `gcm_kind()` is `kNone`.
GcmKey::GcmKey(GcmKind, const uint8_t*) { abort(); }
void gcm_seal(const GcmKey&, const GcmPacket&, uint8_t*) { abort(); }
bool gcm_open(const GcmKey&, const GcmPacket&, const uint8_t*) { abort(); }
#endif

}  // namespace efir
