#include "srtp_kdf.h"

#include <openssl/evp.h>

#include <cstring>

namespace efir {

bool srtp_derive(const uint8_t key[kSrtpKeyBytes], const uint8_t salt[kSrtpSaltBytes], uint8_t label, uint8_t* out,
                 size_t length) {
  // x = (label << 48) xor salt; the counter block is x * 2^16.
  uint8_t block[16] = {0};
  memcpy(block, salt, kSrtpSaltBytes);
  block[7] ^= label;

  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  if (!cipher) return false;
  memset(out, 0, length);
  int written = 0;
  bool ok = EVP_EncryptInit_ex(cipher, EVP_aes_128_ctr(), nullptr, key, block) == 1 &&
            EVP_EncryptUpdate(cipher, out, &written, out, int(length)) == 1 && size_t(written) == length;
  EVP_CIPHER_CTX_free(cipher);
  return ok;
}

}  // namespace efir
