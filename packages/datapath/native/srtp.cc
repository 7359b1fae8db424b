#include "srtp.h"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

namespace efir {

namespace {

void put32(uint8_t* out, uint32_t value) {
  out[0] = uint8_t(value >> 24);
  out[1] = uint8_t(value >> 16);
  out[2] = uint8_t(value >> 8);
  out[3] = uint8_t(value);
}

uint32_t get32(const uint8_t* in) {
  return uint32_t(in[0]) << 24 | uint32_t(in[1]) << 16 | uint32_t(in[2]) << 8 | in[3];
}

constexpr uint32_t kEncrypted = 0x80000000;

/// SRTCP authenticates its header and its index, which stand apart (RFC 7714 section 9.2).
const uint8_t* join_rtcp_aad(const uint8_t* header, const uint8_t* index,
                             uint8_t joined[kRtcpHeaderBytes + kSrtcpIndexBytes], size_t* length) {
  memcpy(joined, header, kRtcpHeaderBytes);
  memcpy(joined + kRtcpHeaderBytes, index, kSrtcpIndexBytes);
  *length = kRtcpHeaderBytes + kSrtcpIndexBytes;
  return joined;
}

}  // namespace

HmacSha1Key::HmacSha1Key(const uint8_t* key, size_t length) {
  uint8_t pad[SHA_CBLOCK];
  memset(pad, 0x36, sizeof(pad));
  for (size_t i = 0; i < length; i++) pad[i] ^= key[i];
  SHA1_Init(&inner);
  SHA1_Update(&inner, pad, sizeof(pad));
  for (uint8_t& byte : pad) byte ^= 0x36 ^ 0x5c;
  SHA1_Init(&outer);
  SHA1_Update(&outer, pad, sizeof(pad));
  OPENSSL_cleanse(pad, sizeof(pad));
}

HmacSha1Key::~HmacSha1Key() { OPENSSL_cleanse(this, sizeof(*this)); }

void HmacSha1Key::tag(const uint8_t* data, size_t length, const uint8_t* more4, uint8_t out[kCmTagBytes]) const {
  uint8_t digest[SHA_DIGEST_LENGTH];
  SHA_CTX hash = inner;
  SHA1_Update(&hash, data, length);
  if (more4) SHA1_Update(&hash, more4, 4);
  SHA1_Final(digest, &hash);
  hash = outer;
  SHA1_Update(&hash, digest, sizeof(digest));
  SHA1_Final(digest, &hash);
  memcpy(out, digest, kCmTagBytes);
}

SrtpCipher::~SrtpCipher() {
  EVP_CIPHER_CTX_free(context_);
  OPENSSL_cleanse(salt_, sizeof(salt_));
}

void SrtpCipher::swap(SrtpCipher& other) {
  std::swap(context_, other.context_);
  std::swap(hmac_, other.hmac_);
  std::swap(gcm_, other.gcm_);
  std::swap(salt_, other.salt_);
  std::swap(profile_, other.profile_);
}

bool SrtpCipher::set(SrtpProfile profile, const uint8_t key[kSrtpKeyBytes], const uint8_t salt[kSrtpSaltBytes],
                     const uint8_t auth[kSha1KeyBytes], bool seals) {
  EVP_CIPHER_CTX_free(context_);
  context_ = nullptr;
  profile_ = profile;
  memcpy(salt_, salt, kSrtpSaltBytes);
  bool gcm = profile == SrtpProfile::kAeadAes128Gcm;
  hmac_.reset(gcm ? nullptr : new HmacSha1Key(auth, kSha1KeyBytes));
  GcmKind kind = gcm ? gcm_kind() : GcmKind::kNone;
  gcm_.reset(kind == GcmKind::kNone ? nullptr : new GcmKey(kind, key));
  if (gcm_) return true;
  context_ = EVP_CIPHER_CTX_new();
  if (!context_) return false;
  const EVP_CIPHER* cipher = gcm ? EVP_aes_128_gcm() : EVP_aes_128_ctr();
  // Counter mode runs the same way in both directions.
  bool encrypt = seals || !gcm;
  if (EVP_CipherInit_ex(context_, cipher, nullptr, key, nullptr, encrypt ? 1 : 0) != 1) {
    EVP_CIPHER_CTX_free(context_);
    context_ = nullptr;
    return false;
  }
  return true;
}

bool SrtpCipher::derive(SrtpProfile profile, const uint8_t key[kSrtpKeyBytes], const uint8_t salt[kSrtpSaltBytes],
                        bool rtcp, bool seals) {
  uint8_t session_key[kSrtpKeyBytes];
  uint8_t session_salt[kSrtpSaltBytes] = {0};
  uint8_t session_auth[kSha1KeyBytes];
  bool ok = srtp_derive(key, salt, rtcp ? kLabelRtcpKey : kLabelRtpKey, session_key, sizeof(session_key)) &&
            srtp_derive(key, salt, rtcp ? kLabelRtcpSalt : kLabelRtpSalt, session_salt, salt_bytes(profile)) &&
            srtp_derive(key, salt, rtcp ? kLabelRtcpAuth : kLabelRtpAuth, session_auth, sizeof(session_auth)) &&
            set(profile, session_key, session_salt, session_auth, seals);
  OPENSSL_cleanse(session_key, sizeof(session_key));
  OPENSSL_cleanse(session_salt, sizeof(session_salt));
  OPENSSL_cleanse(session_auth, sizeof(session_auth));
  return ok;
}

// RFC 7714 section 8.1: 00 00 | SSRC | ROC | SEQ, xor salt.
void SrtpCipher::gcm_iv_rtp(uint32_t ssrc, uint64_t index, uint8_t iv[12]) const {
  iv[0] = iv[1] = 0;
  put32(iv + 2, ssrc);
  put32(iv + 6, uint32_t(index >> 16));
  iv[10] = uint8_t(index >> 8);
  iv[11] = uint8_t(index);
  for (int i = 0; i < 12; i++) iv[i] ^= salt_[i];
}

// RFC 7714 section 9.1: 00 00 | SSRC | 00 00 | index, xor salt.
void SrtpCipher::gcm_iv_rtcp(uint32_t ssrc, uint32_t index, uint8_t iv[12]) const {
  iv[0] = iv[1] = iv[6] = iv[7] = 0;
  put32(iv + 2, ssrc);
  put32(iv + 8, index);
  for (int i = 0; i < 12; i++) iv[i] ^= salt_[i];
}

// RFC 3711 section 4.1.1: (salt * 2^16) xor (SSRC * 2^64) xor (index * 2^16).
void SrtpCipher::cm_iv(uint32_t ssrc, uint64_t index, uint8_t iv[16]) const {
  memset(iv, 0, 16);
  put32(iv + 4, ssrc);
  put32(iv + 8, uint32_t(index >> 16));
  iv[12] = uint8_t(index >> 8);
  iv[13] = uint8_t(index);
  for (size_t i = 0; i < kSrtpSaltBytes; i++) iv[i] ^= salt_[i];
}

bool SrtpCipher::gcm_seal(const uint8_t iv[12], const uint8_t* aad, size_t aad_length, const uint8_t* aad2,
                          uint8_t* data, size_t length) {
  if (gcm_) {
    uint8_t joined[kRtcpHeaderBytes + kSrtcpIndexBytes];
    if (aad2) aad = join_rtcp_aad(aad, aad2, joined, &aad_length);
    efir::gcm_seal(*gcm_, {iv, aad, aad_length, data, data, length}, data + length);
    return true;
  }
  int written;
  if (EVP_EncryptInit_ex(context_, nullptr, nullptr, nullptr, iv) != 1) return false;
  if (EVP_EncryptUpdate(context_, nullptr, &written, aad, int(aad_length)) != 1) return false;
  if (aad2 && EVP_EncryptUpdate(context_, nullptr, &written, aad2, 4) != 1) return false;
  if (length && EVP_EncryptUpdate(context_, data, &written, data, int(length)) != 1) return false;
  if (EVP_EncryptFinal_ex(context_, data + length, &written) != 1) return false;
  return EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, data + length) == 1;
}

bool SrtpCipher::gcm_open(const uint8_t iv[12], const uint8_t* aad, size_t aad_length, const uint8_t* aad2,
                          const uint8_t* in, size_t length, uint8_t* out) {
  if (gcm_) {
    uint8_t joined[kRtcpHeaderBytes + kSrtcpIndexBytes];
    if (aad2) aad = join_rtcp_aad(aad, aad2, joined, &aad_length);
    return efir::gcm_open(*gcm_, {iv, aad, aad_length, in, out, length}, in + length);
  }
  int written;
  uint8_t tag[kGcmTagBytes];
  memcpy(tag, in + length, kGcmTagBytes);
  if (EVP_DecryptInit_ex(context_, nullptr, nullptr, nullptr, iv) != 1) return false;
  if (EVP_DecryptUpdate(context_, nullptr, &written, aad, int(aad_length)) != 1) return false;
  if (aad2 && EVP_DecryptUpdate(context_, nullptr, &written, aad2, 4) != 1) return false;
  if (length && EVP_DecryptUpdate(context_, out, &written, in, int(length)) != 1) return false;
  if (EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag) != 1) return false;
  return EVP_DecryptFinal_ex(context_, tag, &written) == 1;
}

bool SrtpCipher::cm_crypt(const uint8_t iv[16], const uint8_t* in, size_t length, uint8_t* out) {
  int written;
  if (EVP_EncryptInit_ex(context_, nullptr, nullptr, nullptr, iv) != 1) return false;
  return length == 0 || EVP_EncryptUpdate(context_, out, &written, in, int(length)) == 1;
}

size_t SrtpCipher::seal_rtp(uint8_t* packet, size_t header, size_t length, uint32_t ssrc, uint64_t index) {
  if (profile_ == SrtpProfile::kAeadAes128Gcm) {
    uint8_t iv[12];
    gcm_iv_rtp(ssrc, index, iv);
    return gcm_seal(iv, packet, header, nullptr, packet + header, length - header) ? length + kGcmTagBytes : 0;
  }
  uint8_t iv[16], roll_over[4];
  cm_iv(ssrc, index, iv);
  if (!cm_crypt(iv, packet + header, length - header, packet + header)) return 0;
  put32(roll_over, uint32_t(index >> 16));
  hmac_->tag(packet, length, roll_over, packet + length);
  return length + kCmTagBytes;
}

size_t SrtpCipher::open_rtp(const uint8_t* in, size_t header, size_t length, uint32_t ssrc, uint64_t index,
                            uint8_t* out) {
  if (profile_ == SrtpProfile::kAeadAes128Gcm) {
    if (length < header + kGcmTagBytes) return 0;
    uint8_t iv[12];
    gcm_iv_rtp(ssrc, index, iv);
    size_t plain = length - kGcmTagBytes;
    if (!gcm_open(iv, in, header, nullptr, in + header, plain - header, out + header)) return 0;
    memcpy(out, in, header);
    return plain;
  }
  if (length < header + kCmTagBytes) return 0;
  size_t plain = length - kCmTagBytes;
  uint8_t iv[16], roll_over[4], tag[kCmTagBytes];
  put32(roll_over, uint32_t(index >> 16));
  hmac_->tag(in, plain, roll_over, tag);
  if (CRYPTO_memcmp(tag, in + plain, kCmTagBytes) != 0) return 0;
  cm_iv(ssrc, index, iv);
  if (!cm_crypt(iv, in + header, plain - header, out + header)) return 0;
  memcpy(out, in, header);
  return plain;
}

size_t SrtpCipher::seal_rtcp(uint8_t* packet, size_t length, uint32_t ssrc, uint32_t index) {
  uint8_t word[kSrtcpIndexBytes];
  put32(word, index | kEncrypted);
  if (profile_ == SrtpProfile::kAeadAes128Gcm) {
    uint8_t iv[12];
    gcm_iv_rtcp(ssrc, index, iv);
    if (!gcm_seal(iv, packet, kRtcpHeaderBytes, word, packet + kRtcpHeaderBytes, length - kRtcpHeaderBytes)) return 0;
    memcpy(packet + length + kGcmTagBytes, word, sizeof(word));
    return length + kGcmTagBytes + sizeof(word);
  }
  uint8_t iv[16];
  cm_iv(ssrc, index, iv);
  if (!cm_crypt(iv, packet + kRtcpHeaderBytes, length - kRtcpHeaderBytes, packet + kRtcpHeaderBytes)) return 0;
  memcpy(packet + length, word, sizeof(word));
  hmac_->tag(packet, length + sizeof(word), nullptr, packet + length + sizeof(word));
  return length + sizeof(word) + kCmTagBytes;
}

size_t SrtpCipher::open_rtcp(const uint8_t* in, size_t length, uint32_t ssrc, uint32_t index, uint8_t* out) {
  if (profile_ == SrtpProfile::kAeadAes128Gcm) {
    size_t plain = length - kGcmTagBytes - kSrtcpIndexBytes;
    uint8_t iv[12];
    gcm_iv_rtcp(ssrc, index, iv);
    if (!gcm_open(iv, in, kRtcpHeaderBytes, in + length - kSrtcpIndexBytes, in + kRtcpHeaderBytes,
                  plain - kRtcpHeaderBytes, out + kRtcpHeaderBytes)) {
      return 0;
    }
    memcpy(out, in, kRtcpHeaderBytes);
    return plain;
  }
  size_t plain = length - kCmTagBytes - kSrtcpIndexBytes;
  uint8_t iv[16], tag[kCmTagBytes];
  hmac_->tag(in, plain + kSrtcpIndexBytes, nullptr, tag);
  if (CRYPTO_memcmp(tag, in + length - kCmTagBytes, kCmTagBytes) != 0) return 0;
  cm_iv(ssrc, index, iv);
  if (!cm_crypt(iv, in + kRtcpHeaderBytes, plain - kRtcpHeaderBytes, out + kRtcpHeaderBytes)) return 0;
  memcpy(out, in, kRtcpHeaderBytes);
  return plain;
}

int64_t SrtpCipher::rtcp_index(SrtpProfile profile, const uint8_t* packet, size_t length) {
  bool gcm = profile == SrtpProfile::kAeadAes128Gcm;
  if (length < kRtcpHeaderBytes + kSrtcpIndexBytes + (gcm ? kGcmTagBytes : kCmTagBytes)) return -1;
  uint32_t word = get32(packet + length - kSrtcpIndexBytes - (gcm ? 0 : kCmTagBytes));
  if (!(word & kEncrypted)) return -1;
  return word & ~kEncrypted;
}

}  // namespace efir
