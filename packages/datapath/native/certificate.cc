#include "certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <cstring>

namespace efir {

Certificate::~Certificate() {
  X509_free(x509);
  EVP_PKEY_free(key);
}

bool Certificate::generate() {
  key = EVP_EC_gen("P-256");
  x509 = X509_new();
  BIGNUM* serial = BN_new();
  bool ok = key && x509 && serial && X509_set_version(x509, 2) == 1 &&
            BN_rand(serial, 63, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
            BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != nullptr &&
            X509_gmtime_adj(X509_getm_notBefore(x509), -24L * 3600) != nullptr &&
            X509_gmtime_adj(X509_getm_notAfter(x509), 365L * 24 * 3600) != nullptr &&
            X509_set_pubkey(x509, key) == 1;
  if (ok) {
    X509_NAME* name = X509_get_subject_name(x509);
    const auto* common = reinterpret_cast<const unsigned char*>("efir");
    ok = X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1 &&
         X509_set_issuer_name(x509, name) == 1 && X509_sign(x509, key, EVP_sha256()) > 0;
  }
  BN_free(serial);
  return ok;
}

bool Certificate::read_pem(const std::string& certificate_pem, const std::string& key_pem) {
  BIO* in = BIO_new_mem_buf(certificate_pem.data(), int(certificate_pem.size()));
  x509 = in ? PEM_read_bio_X509(in, nullptr, nullptr, nullptr) : nullptr;
  BIO_free(in);
  in = BIO_new_mem_buf(key_pem.data(), int(key_pem.size()));
  key = in ? PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr) : nullptr;
  BIO_free(in);
  return x509 && key && X509_check_private_key(x509, key) == 1;
}

std::string Certificate::fingerprint() const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_digest(x509, EVP_sha256(), digest, &length) != 1) return std::string();
  static const char kHex[] = "0123456789ABCDEF";
  std::string text;
  for (unsigned int i = 0; i < length; i++) {
    if (i) text += ':';
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

namespace {

const EVP_MD* hash_named(const std::string& name) {
  if (name == "sha-1") return EVP_sha1();
  if (name == "sha-224") return EVP_sha224();
  if (name == "sha-256") return EVP_sha256();
  if (name == "sha-384") return EVP_sha384();
  if (name == "sha-512") return EVP_sha512();
  return nullptr;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool FingerprintSet::add(const std::string& algorithm, const std::string& value) {
  const EVP_MD* hash = hash_named(algorithm);
  if (!hash) return false;
  size_t length = size_t(EVP_MD_get_size(hash));
  if (value.size() != length * 3 - 1) return false;
  std::vector<uint8_t> digest(length);
  for (size_t i = 0; i < length; i++) {
    int high = hex_digit(value[i * 3]);
    int low = hex_digit(value[i * 3 + 1]);
    if (high < 0 || low < 0 || (i + 1 < length && value[i * 3 + 2] != ':')) return false;
    digest[i] = uint8_t(high << 4 | low);
  }
  if (hash_ && hash != hash_) {
    if (EVP_MD_get_size(hash) < EVP_MD_get_size(hash_)) return true;
    digests_.clear();
  }
  hash_ = hash;
  digests_.push_back(digest);
  return true;
}

bool FingerprintSet::matches(const X509* certificate) const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (!hash_ || X509_digest(certificate, hash_, digest, &length) != 1) return false;
  for (const auto& wanted : digests_) {
    if (wanted.size() == length && CRYPTO_memcmp(wanted.data(), digest, length) == 0) return true;
  }
  return false;
}

}  // namespace efir
