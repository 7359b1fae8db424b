// AES-128-GCM on 512-bit registers: sixteen counter blocks at once in four registers, one reduction for sixteen blocks
// of GHASH; what is left over is done the same way with masked loads.
#include "gcm.h"

#if defined(__x86_64__)

// GCC 12's own header names a value that it leaves undefined on purpose.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <cstring>

#define EFIR_VAES_TARGET "aes,pclmul,ssse3,sse4.1,avx2,avx512f,avx512bw,avx512vl,avx512dq,vaes,vpclmulqdq"
#define EFIR_VAES __attribute__((target(EFIR_VAES_TARGET)))
#define EFIR_VAES_INLINE static inline __attribute__((always_inline, target(EFIR_VAES_TARGET)))

namespace efir {

namespace {

constexpr size_t kBlock = 16;
constexpr size_t kWide = 64;
constexpr size_t kGroup = 4 * kWide;

EFIR_VAES_INLINE __m128i swap_bytes(__m128i value) {
  return _mm_shuffle_epi8(value, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

EFIR_VAES_INLINE __m512i swap_bytes(__m512i value) {
  const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_shuffle_epi8(value, _mm512_broadcast_i32x4(order));
}

/// Which bytes of a register belong to a packet of which `left` bytes remain.
EFIR_VAES_INLINE __mmask64 bytes_mask(size_t left) {
  return left >= kWide ? ~__mmask64(0) : (__mmask64(1) << left) - 1;
}

EFIR_VAES_INLINE __m128i narrow_round_key(const GcmKey& key, int round) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(key.rounds[round]));
}

EFIR_VAES_INLINE __m512i round_key(const GcmKey& key, int round) {
  return _mm512_broadcast_i32x4(narrow_round_key(key, round));
}

/// H^`exponent`, H^(`exponent` - 1), ...
EFIR_VAES_INLINE __m512i powers_from(const GcmKey& key, size_t exponent) {
  return _mm512_loadu_si512(key.powers[kGcmPowers - exponent]);
}

/// Sums of products, lane by lane, not reduced yet.
struct Sum {
  __m512i low, middle, high;
};

EFIR_VAES_INLINE Sum zero() { return {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()}; }

EFIR_VAES_INLINE void add_product(Sum* sum, __m512i x, __m512i power) {
  constexpr int kXor3 = 0x96;
  sum->low = _mm512_xor_si512(sum->low, _mm512_clmulepi64_epi128(x, power, 0x00));
  sum->high = _mm512_xor_si512(sum->high, _mm512_clmulepi64_epi128(x, power, 0x11));
  sum->middle = _mm512_ternarylogic_epi64(sum->middle, _mm512_clmulepi64_epi128(x, power, 0x01),
                                          _mm512_clmulepi64_epi128(x, power, 0x10), kXor3);
}

EFIR_VAES_INLINE __m128i across(__m512i value) {
  __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(value), _mm512_extracti64x4_epi64(value, 1));
  return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/// Modulo x^128 + x^127 + x^126 + x^121 + 1, times x^-128: POLYVAL's `dot` (RFC 8452 section 3).
EFIR_VAES_INLINE __m128i reduce(const Sum& sum) {
  const __m128i polynomial = _mm_set_epi64x(int64_t(0xc200000000000000), 1);
  __m128i middle = across(sum.middle);
  __m128i low = _mm_xor_si128(across(sum.low), _mm_slli_si128(middle, 8));
  __m128i high = _mm_xor_si128(across(sum.high), _mm_srli_si128(middle, 8));
  for (int i = 0; i < 2; i++) {
    __m128i folded = _mm_clmulepi64_si128(low, polynomial, 0x10);
    low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), folded);
  }
  return _mm_xor_si128(low, high);
}

EFIR_VAES_INLINE __m512i lowest(__m128i value) { return _mm512_zextsi128_si512(value); }

EFIR_VAES_INLINE __m128i encrypt(const GcmKey& key, __m128i block) {
  block = _mm_xor_si128(block, narrow_round_key(key, 0));
  for (int i = 1; i < 10; i++) block = _mm_aesenc_si128(block, narrow_round_key(key, i));
  return _mm_aesenclast_si128(block, narrow_round_key(key, 10));
}

EFIR_VAES_INLINE __m128i hash_bytes(const GcmKey& key, __m128i hash, const uint8_t* bytes, size_t length) {
  while (length > 0) {
    size_t part = length < kGroup ? length : kGroup;
    size_t exponent = (part + kBlock - 1) / kBlock;
    Sum sum = zero();
    for (size_t at = 0; at < part; at += kWide, exponent -= 4) {
      __m512i block = swap_bytes(_mm512_maskz_loadu_epi8(bytes_mask(part - at), bytes + at));
      if (at == 0) block = _mm512_xor_si512(block, lowest(hash));
      add_product(&sum, block, powers_from(key, exponent));
    }
    hash = reduce(sum);
    bytes += part;
    length -= part;
  }
  return hash;
}

template <bool kSeals>
EFIR_VAES_INLINE void run(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  const uint8_t* in = packet.in;
  uint8_t* out = packet.out;
  size_t left = packet.length;

  // Counter blocks are kept byte-reversed: the counter is the lowest word of each lane.
  uint8_t first[kBlock] = {0};
  memcpy(first, packet.iv, 12);
  first[15] = 1;
  __m128i start = swap_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(first)));
  __m128i mask = encrypt(key, swap_bytes(start));
  __m512i counter = _mm512_add_epi32(_mm512_broadcast_i32x4(start),
                                     _mm512_set_epi32(0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1));
  const __m512i four = _mm512_set_epi32(0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4);
  __m128i hash = hash_bytes(key, _mm_setzero_si128(), packet.aad, packet.aad_length);

  while (left >= kGroup) {
    __m512i stream[4];
    __m512i round = round_key(key, 0);
    for (__m512i& block : stream) {
      block = _mm512_xor_si512(swap_bytes(counter), round);
      counter = _mm512_add_epi32(counter, four);
    }
    for (int i = 1; i < 10; i++) {
      round = round_key(key, i);
      for (__m512i& block : stream) block = _mm512_aesenc_epi128(block, round);
    }
    round = round_key(key, 10);
    Sum sum = zero();
    for (size_t i = 0; i < 4; i++) {
      __m512i text = _mm512_loadu_si512(in + i * kWide);
      __m512i made = _mm512_xor_si512(text, _mm512_aesenclast_epi128(stream[i], round));
      _mm512_storeu_si512(out + i * kWide, made);
      __m512i cipher = swap_bytes(kSeals ? made : text);
      if (i == 0) cipher = _mm512_xor_si512(cipher, lowest(hash));
      add_product(&sum, cipher, powers_from(key, 16 - 4 * i));
    }
    hash = reduce(sum);
    in += kGroup;
    out += kGroup;
    left -= kGroup;
  }

  // The rest, up to sixteen blocks, and the block of lengths behind it: one sum.
  size_t exponent = (left + kBlock - 1) / kBlock + 1;
  Sum sum = zero();
  __m512i before = lowest(hash);
  for (size_t at = 0; at < left; at += kWide, exponent -= 4) {
    __mmask64 valid = bytes_mask(left - at);
    __m512i block = _mm512_xor_si512(swap_bytes(counter), round_key(key, 0));
    counter = _mm512_add_epi32(counter, four);
    for (int i = 1; i < 10; i++) block = _mm512_aesenc_epi128(block, round_key(key, i));
    __m512i text = _mm512_maskz_loadu_epi8(valid, in + at);
    __m512i made = _mm512_xor_si512(text, _mm512_aesenclast_epi128(block, round_key(key, 10)));
    _mm512_mask_storeu_epi8(out + at, valid, made);
    __m512i cipher = swap_bytes(kSeals ? _mm512_maskz_mov_epi8(valid, made) : text);
    add_product(&sum, _mm512_xor_si512(cipher, before), powers_from(key, exponent));
    before = _mm512_setzero_si512();
  }
  __m128i lengths = _mm_set_epi64x(int64_t(packet.aad_length * 8), int64_t(packet.length * 8));
  __m512i last = _mm512_xor_si512(lowest(lengths), before);
  add_product(&sum, last, powers_from(key, 1));
  hash = reduce(sum);
  __m128i made = _mm_xor_si128(swap_bytes(hash), mask);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(tag), made);
}

}  // namespace

EFIR_VAES void gcm_vaes_seal(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  run<true>(key, packet, tag);
}

EFIR_VAES void gcm_vaes_open(const GcmKey& key, const GcmPacket& packet, uint8_t tag[16]) {
  run<false>(key, packet, tag);
}

}  // namespace efir

#endif
