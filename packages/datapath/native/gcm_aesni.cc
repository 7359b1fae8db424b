// AES-128-GCM on 128-bit registers: eight counter blocks at once, one reduction for eight blocks of GHASH. The keys of
// the wide kernel are made here as well.
#include "gcm.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#define EFIR_AESNI __attribute__((target("aes,pclmul,ssse3,sse4.1")))
#define EFIR_AESNI_INLINE static inline __attribute__((always_inline, target("aes,pclmul,ssse3,sse4.1")))

namespace efir {

namespace {

constexpr size_t kBlock = 16;
constexpr size_t kGroup = 8;

EFIR_AESNI_INLINE __m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
EFIR_AESNI_INLINE void store(void* to, __m128i value) { _mm_storeu_si128(static_cast<__m128i*>(to), value); }

EFIR_AESNI_INLINE __m128i swap_bytes(__m128i value) {
  return _mm_shuffle_epi8(value, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/// The first `length` (< 16) bytes, zeros behind.
EFIR_AESNI_INLINE __m128i load_part(const uint8_t* from, size_t length) {
  uint8_t block[kBlock] = {0};
  memcpy(block, from, length);
  return load(block);
}

/// A sum of products, not reduced yet.
struct Sum {
  __m128i low, middle, high;
};

EFIR_AESNI_INLINE Sum zero() { return {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()}; }

EFIR_AESNI_INLINE void add_product(Sum* sum, __m128i x, __m128i power) {
  sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(x, power, 0x00));
  sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(x, power, 0x11));
  __m128i cross = _mm_xor_si128(_mm_clmulepi64_si128(x, power, 0x01), _mm_clmulepi64_si128(x, power, 0x10));
  sum->middle = _mm_xor_si128(sum->middle, cross);
}

/// Modulo x^128 + x^127 + x^126 + x^121 + 1, times x^-128: POLYVAL's `dot` (RFC 8452 section 3).
EFIR_AESNI_INLINE __m128i reduce(const Sum& sum) {
  const __m128i polynomial = _mm_set_epi64x(int64_t(0xc200000000000000), 1);
  __m128i low = _mm_xor_si128(sum.low, _mm_slli_si128(sum.middle, 8));
  __m128i high = _mm_xor_si128(sum.high, _mm_srli_si128(sum.middle, 8));
  for (int i = 0; i < 2; i++) {
    __m128i folded = _mm_clmulepi64_si128(low, polynomial, 0x10);
    low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), folded);
  }
  return _mm_xor_si128(low, high);
}

EFIR_AESNI_INLINE __m128i multiply(__m128i a, __m128i b) {
  Sum sum = zero();
  add_product(&sum, a, b);
  return reduce(sum);
}

/// H^`exponent`.
EFIR_AESNI_INLINE __m128i power(const GcmKey& key, size_t exponent) { return load(key.powers[kGcmPowers - exponent]); }

template <int kRoundConstant>
EFIR_AESNI_INLINE __m128i next_round(__m128i key) {
  __m128i word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, kRoundConstant), 0xff);
  for (int i = 0; i < 3; i++) key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, word);
}

EFIR_AESNI_INLINE __m128i encrypt(const GcmKey& key, __m128i block) {
  block = _mm_xor_si128(block, load(key.rounds[0]));
  for (int round = 1; round < 10; round++) block = _mm_aesenc_si128(block, load(key.rounds[round]));
  return _mm_aesenclast_si128(block, load(key.rounds[10]));
}

EFIR_AESNI_INLINE __m128i hash_blocks(const GcmKey& key, __m128i hash, const uint8_t* bytes, size_t length) {
  while (length > 0) {
    size_t blocks = (length + kBlock - 1) / kBlock;
    if (blocks > kGroup) blocks = kGroup;
    Sum sum = zero();
    for (size_t i = 0; i < blocks; i++) {
      __m128i block = length >= kBlock ? load(bytes) : load_part(bytes, length);
      block = swap_bytes(block);
      if (i == 0) block = _mm_xor_si128(block, hash);
      add_product(&sum, block, power(key, blocks - i));
      size_t used = length >= kBlock ? kBlock : length;
      bytes += used;
      length -= used;
    }
    hash = reduce(sum);
  }
  return hash;
}

/// First counter block (RFC 7714's IVs have 12 bytes), byte-reversed so that the counter is the lowest word.
EFIR_AESNI_INLINE __m128i first_counter(const uint8_t* iv) {
  uint8_t block[kBlock] = {0};
  memcpy(block, iv, 12);
  block[15] = 1;
  return swap_bytes(load(block));
}

template <bool kSeals>
EFIR_AESNI_INLINE void run(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  const __m128i one = _mm_set_epi32(0, 0, 0, 1);
  const uint8_t* in = packet.in;
  uint8_t* out = packet.out;
  size_t left = packet.length;
  __m128i counter = first_counter(packet.iv);
  __m128i mask = encrypt(key, swap_bytes(counter));
  __m128i hash = hash_blocks(key, _mm_setzero_si128(), packet.aad, packet.aad_length);

  while (left >= kGroup * kBlock) {
    __m128i stream[kGroup];
    __m128i round_key = load(key.rounds[0]);
    for (__m128i& block : stream) {
      counter = _mm_add_epi32(counter, one);
      block = _mm_xor_si128(swap_bytes(counter), round_key);
    }
    for (int round = 1; round < 10; round++) {
      round_key = load(key.rounds[round]);
      for (__m128i& block : stream) block = _mm_aesenc_si128(block, round_key);
    }
    round_key = load(key.rounds[10]);
    Sum sum = zero();
    for (size_t i = 0; i < kGroup; i++) {
      __m128i text = load(in + i * kBlock);
      __m128i made = _mm_xor_si128(text, _mm_aesenclast_si128(stream[i], round_key));
      store(out + i * kBlock, made);
      __m128i cipher = swap_bytes(kSeals ? made : text);
      if (i == 0) cipher = _mm_xor_si128(cipher, hash);
      add_product(&sum, cipher, power(key, kGroup - i));
    }
    hash = reduce(sum);
    in += kGroup * kBlock;
    out += kGroup * kBlock;
    left -= kGroup * kBlock;
  }
  while (left > 0) {
    size_t used = left < kBlock ? left : kBlock;
    counter = _mm_add_epi32(counter, one);
    __m128i text = used == kBlock ? load(in) : load_part(in, used);
    uint8_t made[kBlock];
    store(made, _mm_xor_si128(text, encrypt(key, swap_bytes(counter))));
    memcpy(out, made, used);
    __m128i cipher = kSeals ? (used == kBlock ? load(made) : load_part(made, used)) : text;
    hash = multiply(_mm_xor_si128(swap_bytes(cipher), hash), power(key, 1));
    in += used;
    out += used;
    left -= used;
  }
  __m128i lengths = _mm_set_epi64x(int64_t(packet.aad_length * 8), int64_t(packet.length * 8));
  hash = multiply(_mm_xor_si128(lengths, hash), power(key, 1));
  store(tag, _mm_xor_si128(swap_bytes(hash), mask));
}

}  // namespace

EFIR_AESNI void gcm_aesni_expand(const uint8_t key[16], GcmKey* out) {
  __m128i round = load(key);
  store(out->rounds[0], round);
  store(out->rounds[1], round = next_round<0x01>(round));
  store(out->rounds[2], round = next_round<0x02>(round));
  store(out->rounds[3], round = next_round<0x04>(round));
  store(out->rounds[4], round = next_round<0x08>(round));
  store(out->rounds[5], round = next_round<0x10>(round));
  store(out->rounds[6], round = next_round<0x20>(round));
  store(out->rounds[7], round = next_round<0x40>(round));
  store(out->rounds[8], round = next_round<0x80>(round));
  store(out->rounds[9], round = next_round<0x1b>(round));
  store(out->rounds[10], round = next_round<0x36>(round));

  // RFC 8452 appendix A: GHASH with H is POLYVAL with x * reversed(H). The carry is folded without a branch.
  uint64_t half[2];
  store(half, swap_bytes(encrypt(*out, _mm_setzero_si128())));
  uint64_t carry = 0 - (half[1] >> 63);
  half[1] = (half[1] << 1 | half[0] >> 63) ^ (carry & 0xc200000000000000);
  half[0] = (half[0] << 1) ^ (carry & 1);
  __m128i h = load(half);
  __m128i value = h;
  memset(out->powers, 0, sizeof(out->powers));
  for (size_t exponent = 1; exponent <= kGcmPowers; exponent++) {
    store(out->powers[kGcmPowers - exponent], value);
    value = multiply(value, h);
  }
}

EFIR_AESNI void gcm_aesni_seal(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  run<true>(key, packet, tag);
}

EFIR_AESNI void gcm_aesni_open(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  run<false>(key, packet, tag);
}

}  // namespace efir

#endif
