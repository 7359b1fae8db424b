// DTLS-SRTP (RFC 5764) on the OpenSSL that Node exports. A session is advanced by one thread at a time: by the pool while
// it shakes hands, by the loop afterwards. It knows datagrams in and out, no sockets and no timers of its own. When the handshake is
// through, the SSL object goes wherever `DtlsRecords` can do the rest. Made, used and freed on the pool, it comes out of
// the pool threads' part of the heap, which then empties as a whole.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "certificate.h"
#include "dtls_records.h"
#include "srtp.h"

namespace efir {

using Datagram = std::vector<uint8_t>;

enum class DtlsFailure : uint8_t { kNone, kFingerprint, kNoSrtpProfile, kHandshake, kTimeout };

struct DtlsOptions {
  uint32_t retransmit_ms = 400;
  std::vector<SrtpProfile> profiles;  // by preference
};

/// What all sessions of a datapath share.
class DtlsContext {
 public:
  static std::shared_ptr<DtlsContext> create(std::unique_ptr<Certificate> certificate, const DtlsOptions& options,
                                             std::string* error);
  ~DtlsContext();

  SSL_CTX* ssl() const { return ssl_; }
  BIO_METHOD* bio_method() const { return bio_method_; }
  const DtlsOptions& options() const { return options_; }
  std::string fingerprint() const { return certificate_->fingerprint(); }

 private:
  DtlsContext() = default;
  SSL_CTX* ssl_ = nullptr;
  BIO_METHOD* bio_method_ = nullptr;
  std::unique_ptr<Certificate> certificate_;
  DtlsOptions options_;
};

/// SRTP master keys and salts as exported; wiped when done with.
struct SrtpMaster {
  SrtpProfile profile = SrtpProfile::kNone;
  uint8_t local_key[kSrtpKeyBytes], remote_key[kSrtpKeyBytes];
  uint8_t local_salt[kSrtpSaltBytes] = {0}, remote_salt[kSrtpSaltBytes] = {0};

  ~SrtpMaster();
};

class DtlsSession {
 public:
  enum class State : uint8_t { kHandshaking, kConnected, kFailed, kClosed };

  DtlsSession(std::shared_ptr<DtlsContext> context, bool client, FingerprintSet fingerprints);
  ~DtlsSession();

  /// Goes on with the handshake over what has come (possibly nothing). `timed_out`: retransmit first.
  void advance(const std::vector<Datagram>& inputs, bool timed_out);
  /// A datagram after the handshake, decrypted in the calling thread.
  void receive(const uint8_t* bytes, size_t length);
  /// Queues application data, one record. False unless connected, or when OpenSSL fails.
  bool send(const uint8_t* bytes, size_t length);
  /// Queues close_notify.
  void shutdown();

  /// Microseconds until the next retransmission; -1 when none is due.
  int64_t timeout_us() const;

  State state() const { return state_; }
  DtlsFailure failure() const { return failure_; }
  const std::string& detail() const { return detail_; }
  const std::string& version() const { return version_; }
  /// There once, after the handshake.
  std::unique_ptr<SrtpMaster> take_master() { return std::move(master_); }
  /// Datagrams to send, oldest first.
  std::vector<Datagram> take_outputs() { return std::move(outputs_); }
  /// Application data that came, a record each, oldest first; of one `receive()` or of the handshake's last moments.
  std::vector<Datagram> take_data() { return std::move(data_); }
  /// Records that were forged, replayed or found no place, since the last call.
  uint32_t take_refused() {
    uint32_t refused = refused_;
    refused_ = 0;
    return refused;
  }

 private:
  friend struct DtlsBio;
  friend int verify_peer_certificate(X509_STORE_CTX*, void*);
  friend unsigned int next_timeout(SSL*, unsigned int);

  bool open();
  void step();
  void finish(size_t flight);
  void slim(size_t flight);
  void receive_record(uint8_t type, const uint8_t* plain, size_t length);
  void read_ssl();
  void keep_data(const uint8_t* plain, size_t length);
  void fail(DtlsFailure failure, std::string detail);

  std::shared_ptr<DtlsContext> context_;
  SSL* ssl_ = nullptr;                    // null once `records_` has taken over
  std::unique_ptr<DtlsRecords> records_;
  DtlsSendState sent_;
  std::vector<Datagram> last_flight_;     // a server's, to be repeated when the peer repeats its own
  uint32_t refused_ = 0;
  uint8_t repeats_left_ = 20;
  FingerprintSet fingerprints_;
  std::unique_ptr<SrtpMaster> master_;
  std::vector<Datagram> outputs_;
  std::vector<Datagram> data_;
  std::string detail_;
  std::string version_;
  const uint8_t* input_ = nullptr;
  size_t input_length_ = 0;
  State state_ = State::kHandshaking;
  DtlsFailure failure_ = DtlsFailure::kNone;
  bool client_ = false;
  bool fingerprint_matched_ = false;
  bool fingerprint_refused_ = false;
};

}  // namespace efir
