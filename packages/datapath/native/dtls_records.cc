#include "dtls_records.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstring>

namespace efir {

namespace {

constexpr uint16_t kEcdheEcdsaAes128Gcm = 0xc02b;
constexpr uint16_t kEcdheRsaAes128Gcm = 0xc02f;
constexpr size_t kRandomBytes = 32;

uint64_t get64(const uint8_t* in, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) value = value << 8 | in[i];
  return value;
}

void put64(uint8_t* out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) out[i] = uint8_t(value >> 8 * (bytes - 1 - i));
}

/// RFC 5246 section 6.3: PRF(master secret, "key expansion", server random + client random), PRF over SHA-256.
bool expand_keys(SSL* ssl, uint8_t* out, size_t length) {
  uint8_t master[SSL_MAX_MASTER_KEY_LENGTH];
  uint8_t randoms[2 * kRandomBytes];
  size_t master_length = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master));
  SSL_get_server_random(ssl, randoms, kRandomBytes);
  SSL_get_client_random(ssl, randoms + kRandomBytes, kRandomBytes);
  char digest[] = "SHA2-256";
  char label[] = "key expansion";
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  EVP_KDF_CTX* context = kdf ? EVP_KDF_CTX_new(kdf) : nullptr;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, master_length),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof(label) - 1),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, randoms, sizeof(randoms)),
      OSSL_PARAM_construct_end(),
  };
  bool ok = context && master_length > 0 && EVP_KDF_derive(context, out, length, params) == 1;
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  OPENSSL_cleanse(master, sizeof(master));
  return ok;
}

}  // namespace

void DtlsSendState::observe(const uint8_t* datagram, size_t length) {
  size_t at = 0;
  while (length - at >= kRecordHeaderBytes) {
    const uint8_t* record = datagram + at;
    size_t body = size_t(record[11]) << 8 | record[12];
    at += kRecordHeaderBytes;
    if (body > length - at) return;
    at += body;
    if (record[3] != 0 || record[4] != 1 || body < 8) continue;
    next_sequence = get64(record + 5, 6) + 1;
    next_nonce = get64(record + kRecordHeaderBytes, 8) + 1;
    seen = true;
  }
}

std::unique_ptr<DtlsRecords> DtlsRecords::from(SSL* ssl, bool client, const DtlsSendState& sent) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  uint16_t suite = cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;
  if (SSL_version(ssl) != DTLS1_2_VERSION || !sent.seen) return nullptr;
  if (suite != kEcdheEcdsaAes128Gcm && suite != kEcdheRsaAes128Gcm) return nullptr;

  // RFC 5246 section 6.3: client key, server key, client IV, server IV (AEAD has no MAC keys).
  uint8_t block[2 * (kKeyBytes + kFixedIvBytes)];
  std::unique_ptr<DtlsRecords> self;
  if (expand_keys(ssl, block, sizeof(block))) {
    self.reset(new DtlsRecords());
    size_t own = client ? 0 : 1;
    const uint8_t* ivs = block + 2 * kKeyBytes;
    memcpy(self->write_key_, block + own * kKeyBytes, kKeyBytes);
    memcpy(self->read_key_, block + (1 - own) * kKeyBytes, kKeyBytes);
    memcpy(self->write_iv_, ivs + own * kFixedIvBytes, kFixedIvBytes);
    memcpy(self->read_iv_, ivs + (1 - own) * kFixedIvBytes, kFixedIvBytes);
    self->next_ = sent;
  }
  OPENSSL_cleanse(block, sizeof(block));
  return self;
}

DtlsRecords::~DtlsRecords() {
  OPENSSL_cleanse(write_key_, sizeof(write_key_));
  OPENSSL_cleanse(read_key_, sizeof(read_key_));
}

std::vector<uint8_t> DtlsRecords::seal(uint8_t type, const uint8_t* data, size_t length) {
  std::vector<uint8_t> record(kRecordHeaderBytes + kExplicitIvBytes + length + kTagBytes);
  size_t body = record.size() - kRecordHeaderBytes;
  uint8_t* head = record.data();
  head[0] = type;
  head[1] = DTLS1_2_VERSION >> 8;
  head[2] = DTLS1_2_VERSION & 0xff;
  put64(head + 3, 1, 2);
  put64(head + 5, next_.next_sequence++, 6);
  put64(head + 11, body, 2);
  put64(head + kRecordHeaderBytes, next_.next_nonce++, kExplicitIvBytes);

  uint8_t nonce[kFixedIvBytes + kExplicitIvBytes];
  memcpy(nonce, write_iv_, kFixedIvBytes);
  memcpy(nonce + kFixedIvBytes, head + kRecordHeaderBytes, kExplicitIvBytes);
  uint8_t aad[kRecordHeaderBytes];
  memcpy(aad, head + 3, 8);
  memcpy(aad + 8, head, 3);
  put64(aad + 11, length, 2);
  uint8_t* cipher = head + kRecordHeaderBytes + kExplicitIvBytes;
  int written = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  bool ok = context && EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, write_key_, nonce) == 1 &&
            EVP_EncryptUpdate(context, nullptr, &written, aad, sizeof(aad)) == 1 &&
            EVP_EncryptUpdate(context, cipher, &written, data, int(length)) == 1 &&
            EVP_EncryptFinal_ex(context, cipher + length, &written) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, cipher + length) == 1;
  EVP_CIPHER_CTX_free(context);
  if (!ok) record.clear();
  return record;
}

/// Plain length, or 0.
size_t DtlsRecords::open_one(const uint8_t* record, size_t body, uint8_t plain[kMaxPlain]) const {
  if (body <= kExplicitIvBytes + kTagBytes || body > kExplicitIvBytes + kMaxPlain + kTagBytes) return 0;
  size_t length = body - kExplicitIvBytes - kTagBytes;
  const uint8_t* cipher = record + kRecordHeaderBytes + kExplicitIvBytes;
  uint8_t nonce[kFixedIvBytes + kExplicitIvBytes];
  memcpy(nonce, read_iv_, kFixedIvBytes);
  memcpy(nonce + kFixedIvBytes, record + kRecordHeaderBytes, kExplicitIvBytes);
  uint8_t aad[kRecordHeaderBytes];
  memcpy(aad, record + 3, 8);
  memcpy(aad + 8, record, 3);
  put64(aad + 11, length, 2);
  uint8_t tag[kTagBytes];
  memcpy(tag, cipher + length, kTagBytes);
  int written = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  bool ok = context && EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), nullptr, read_key_, nonce) == 1 &&
            EVP_DecryptUpdate(context, nullptr, &written, aad, sizeof(aad)) == 1 &&
            EVP_DecryptUpdate(context, plain, &written, cipher, int(length)) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1 &&
            EVP_DecryptFinal_ex(context, plain + length, &written) == 1;
  EVP_CIPHER_CTX_free(context);
  return ok ? length : 0;
}

}  // namespace efir
