// Our own certificate, and how a peer's is told by its fingerprint (RFC 8122).
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <string>
#include <vector>

namespace efir {

struct Certificate {
  X509* x509 = nullptr;
  EVP_PKEY* key = nullptr;

  Certificate() = default;
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate();

  /// Self-signed, ECDSA over P-256, valid for a year.
  bool generate();
  bool read_pem(const std::string& certificate, const std::string& key);
  /// SHA-256, upper-case hexadecimal with colons.
  std::string fingerprint() const;
};

/// The fingerprints of a description. RFC 8122 section 5: those of the strongest hash count.
class FingerprintSet {
 public:
  /// False when the algorithm is unknown or the value isn't its length in hexadecimal.
  bool add(const std::string& algorithm, const std::string& value);
  bool empty() const { return digests_.empty(); }
  bool matches(const X509* certificate) const;

 private:
  const EVP_MD* hash_ = nullptr;
  std::vector<std::vector<uint8_t>> digests_;
};

}  // namespace efir
