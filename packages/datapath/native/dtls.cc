#include "dtls.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/time.h>

#include <cstring>

namespace efir {

namespace {

constexpr int kMtu = 1200;  // UDP payload
constexpr size_t kMaxOutputs = 64;
constexpr size_t kMaxData = 64;  // records that wait to be taken
constexpr size_t kMaxPlainBytes = 2048;
constexpr unsigned int kMaxTimeoutUs = 60u * 1000 * 1000;
constexpr const char* kExporterLabel = "EXTRACTOR-dtls_srtp";
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";

const char* openssl_name(SrtpProfile profile) {
  return profile == SrtpProfile::kAeadAes128Gcm ? "SRTP_AEAD_AES_128_GCM" : "SRTP_AES128_CM_SHA1_80";
}

DtlsSession* session_of(const SSL* ssl) { return static_cast<DtlsSession*>(SSL_get_app_data(ssl)); }

std::string last_error() {
  unsigned long code = ERR_peek_last_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "no more is known";
}

}  // namespace

/// A BIO of datagrams: one read is one datagram, one write is one datagram.
struct DtlsBio {
  static DtlsSession* session(BIO* bio) { return static_cast<DtlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, int length) {
    BIO_clear_retry_flags(bio);
    DtlsSession* self = session(bio);
    if (length <= 0) return 0;
    self->sent_.observe(reinterpret_cast<const uint8_t*>(bytes), size_t(length));
    if (self->outputs_.size() < kMaxOutputs) self->outputs_.emplace_back(bytes, bytes + length);
    return length;
  }

  static int read(BIO* bio, char* out, int room) {
    BIO_clear_retry_flags(bio);
    DtlsSession* self = session(bio);
    if (!self->input_ || room <= 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    size_t length = self->input_length_ < size_t(room) ? self->input_length_ : size_t(room);
    memcpy(out, self->input_, length);
    self->input_ = nullptr;
    return int(length);
  }

  static long ctrl(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return kMtu;
      default:
        return 0;
    }
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
};

/// Whatever the chain, the fingerprint decides. Possession of the key is proven by the handshake itself.
int verify_peer_certificate(X509_STORE_CTX* store, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  DtlsSession* session = ssl ? session_of(ssl) : nullptr;
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  if (!session || !certificate || !session->fingerprints_.matches(certificate)) {
    if (session) session->fingerprint_refused_ = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
  }
  session->fingerprint_matched_ = true;
  return 1;
}

/// RFC 6347 section 4.2.4.1, with the first wait ours to choose.
unsigned int next_timeout(SSL* ssl, unsigned int previous_us) {
  if (previous_us == 0) return session_of(ssl)->context_->options().retransmit_ms * 1000;
  return previous_us > kMaxTimeoutUs / 2 ? kMaxTimeoutUs : previous_us * 2;
}

std::shared_ptr<DtlsContext> DtlsContext::create(std::unique_ptr<Certificate> certificate, const DtlsOptions& options,
                                                 std::string* error) {
  ERR_clear_error();
  std::shared_ptr<DtlsContext> self(new DtlsContext());
  self->options_ = options;
  self->certificate_ = std::move(certificate);
  self->ssl_ = SSL_CTX_new(DTLS_method());
  self->bio_method_ = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "efir datagrams");
  SSL_CTX* ctx = self->ssl_;
  BIO_METHOD* bio = self->bio_method_;
  std::string profiles;
  for (SrtpProfile profile : options.profiles) {
    if (!profiles.empty()) profiles += ':';
    profiles += openssl_name(profile);
  }
  bool ok = ctx && bio && BIO_meth_set_write(bio, DtlsBio::write) && BIO_meth_set_read(bio, DtlsBio::read) &&
            BIO_meth_set_ctrl(bio, DtlsBio::ctrl) && BIO_meth_set_create(bio, DtlsBio::create) &&
            SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) && SSL_CTX_set_cipher_list(ctx, kCiphers) &&
            SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") &&
            SSL_CTX_use_certificate(ctx, self->certificate_->x509) == 1 &&
            SSL_CTX_use_PrivateKey(ctx, self->certificate_->key) == 1 &&
            SSL_CTX_set_tlsext_use_srtp(ctx, profiles.c_str()) == 0;
  if (!ok) {
    *error = "OpenSSL refused the DTLS settings: " + last_error();
    ERR_clear_error();
    return nullptr;
  }
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, verify_peer_certificate, nullptr);
  return self;
}

DtlsContext::~DtlsContext() {
  SSL_CTX_free(ssl_);
  BIO_meth_free(bio_method_);
}

SrtpMaster::~SrtpMaster() { OPENSSL_cleanse(this, sizeof(*this)); }

DtlsSession::DtlsSession(std::shared_ptr<DtlsContext> context, bool client, FingerprintSet fingerprints)
    : context_(std::move(context)), fingerprints_(std::move(fingerprints)), client_(client) {}

bool DtlsSession::open() {
  ssl_ = SSL_new(context_->ssl());
  BIO* bio = ssl_ ? BIO_new(context_->bio_method()) : nullptr;
  if (!bio) return false;
  BIO_set_data(bio, this);
  SSL_set_app_data(ssl_, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_mtu(ssl_, kMtu);
  DTLS_set_timer_cb(ssl_, next_timeout);
  if (client_) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
  return true;
}

DtlsSession::~DtlsSession() { SSL_free(ssl_); }

void DtlsSession::advance(const std::vector<Datagram>& inputs, bool timed_out) {
  ERR_clear_error();
  if (!ssl_ && state_ == State::kHandshaking && !open()) {
    fail(DtlsFailure::kHandshake, "OpenSSL made no session");
    return;
  }
  if (timed_out && state_ == State::kHandshaking && DTLSv1_handle_timeout(ssl_) < 0) {
    fail(DtlsFailure::kTimeout, "The peer answered none of the retransmissions");
  }
  if (inputs.empty() && !timed_out) step();
  for (const Datagram& datagram : inputs) {
    if (state_ == State::kHandshaking) {
      input_ = datagram.data();
      input_length_ = datagram.size();
      step();
    } else if (state_ == State::kConnected) {
      receive(datagram.data(), datagram.size());
    }
  }
  input_ = nullptr;
  ERR_clear_error();
}

void DtlsSession::step() {
  size_t flight = outputs_.size();
  int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    finish(flight);
    return;
  }
  int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  if (fingerprint_refused_) {
    fail(DtlsFailure::kFingerprint, "The certificate's fingerprint is none of those in the description");
  } else {
    fail(DtlsFailure::kHandshake, "The DTLS handshake failed: " + last_error());
  }
}

/// `flight`: which output the last flight began with.
void DtlsSession::finish(size_t flight) {
  version_ = SSL_get_version(ssl_);
  if (!fingerprint_matched_) {
    fail(DtlsFailure::kFingerprint, "The peer showed no certificate");
    return;
  }
  const SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl_);
  if (!selected) {
    fail(DtlsFailure::kNoSrtpProfile, "The peer offered no SRTP profile that is known here");
    SSL_shutdown(ssl_);
    return;
  }
  SrtpProfile profile =
      selected->id == SRTP_AEAD_AES_128_GCM ? SrtpProfile::kAeadAes128Gcm : SrtpProfile::kAes128CmSha1_80;

  // RFC 5764 section 4.2: client key, server key, client salt, server salt.
  uint8_t material[2 * (kSrtpKeyBytes + kSrtpSaltBytes)];
  size_t salt = salt_bytes(profile);
  if (SSL_export_keying_material(ssl_, material, 2 * (kSrtpKeyBytes + salt), kExporterLabel, strlen(kExporterLabel),
                                 nullptr, 0, 0) != 1) {
    fail(DtlsFailure::kHandshake, "No SRTP keys could be derived");
    return;
  }
  size_t own = client_ ? 0 : 1;
  const uint8_t* salts = material + 2 * kSrtpKeyBytes;
  master_.reset(new SrtpMaster());
  master_->profile = profile;
  memcpy(master_->local_key, material + own * kSrtpKeyBytes, kSrtpKeyBytes);
  memcpy(master_->remote_key, material + (1 - own) * kSrtpKeyBytes, kSrtpKeyBytes);
  memcpy(master_->local_salt, salts + own * salt, salt);
  memcpy(master_->remote_salt, salts + (1 - own) * salt, salt);
  OPENSSL_cleanse(material, sizeof(material));
  state_ = State::kConnected;
  // What OpenSSL holds already: data in the datagram of the last flight, or data that overtook it.
  read_ssl();
  slim(flight);
}

void DtlsSession::slim(size_t flight) {
  records_ = DtlsRecords::from(ssl_, client_, sent_);
  if (!records_) {
    // Between datagrams no buffers are held. OpenSSL's DTLS does not take them again by itself, see `receive()`.
    SSL_free_buffers(ssl_);
    return;
  }
  if (!client_) last_flight_.assign(outputs_.begin() + ptrdiff_t(flight), outputs_.end());
  SSL_free(ssl_);
  ssl_ = nullptr;
  context_.reset();
  fingerprints_ = FingerprintSet();
}

void DtlsSession::fail(DtlsFailure failure, std::string detail) {
  state_ = State::kFailed;
  failure_ = failure;
  detail_ = std::move(detail);
}

void DtlsSession::receive(const uint8_t* bytes, size_t length) {
  if (state_ != State::kConnected) return;
  ERR_clear_error();
  if (records_) {
    refused_ += records_->open(bytes, length, [this](uint8_t type, const uint8_t* plain, size_t size) {
      receive_record(type, plain, size);
    });
    ERR_clear_error();
    return;
  }
  if (SSL_alloc_buffers(ssl_) != 1) return;
  input_ = bytes;
  input_length_ = length;
  read_ssl();
  input_ = nullptr;
  SSL_free_buffers(ssl_);
  ERR_clear_error();
}

void DtlsSession::read_ssl() {
  uint8_t plain[kMaxPlainBytes];
  // One datagram holds few records; the bound is only a bound.
  for (int i = 0; i < 64; i++) {
    int result = SSL_read(ssl_, plain, sizeof(plain));
    if (result > 0) {
      keep_data(plain, size_t(result));
      continue;
    }
    int error = SSL_get_error(ssl_, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) state_ = State::kClosed;
    break;
  }
}

void DtlsSession::keep_data(const uint8_t* plain, size_t length) {
  if (data_.size() < kMaxData) {
    data_.emplace_back(plain, plain + length);
  } else {
    refused_++;
  }
}

bool DtlsSession::send(const uint8_t* bytes, size_t length) {
  if (state_ != State::kConnected || length == 0 || length > kMaxPlainBytes) return false;
  ERR_clear_error();
  bool ok = false;
  if (records_) {
    Datagram record = records_->seal(kRecordData, bytes, length);
    ok = !record.empty();
    if (ok) outputs_.push_back(std::move(record));
  } else if (SSL_alloc_buffers(ssl_) == 1) {
    ok = SSL_write(ssl_, bytes, int(length)) == int(length);
    SSL_free_buffers(ssl_);
  }
  ERR_clear_error();
  return ok;
}

void DtlsSession::receive_record(uint8_t type, const uint8_t* plain, size_t length) {
  if (state_ != State::kConnected) return;
  if (type == kRecordData) {
    keep_data(plain, length);
  } else if (type == kRecordAlert && length >= 2) {
    bool fatal = plain[0] == SSL3_AL_FATAL;
    if (fatal || plain[1] == SSL_AD_CLOSE_NOTIFY) state_ = State::kClosed;
  } else if (type == kRecordHandshake && plain[0] == SSL3_MT_FINISHED && repeats_left_ > 0) {
    // RFC 6347 section 4.2.4: our last flight was lost. The same records again: those that were lost can't be replays.
    repeats_left_--;
    outputs_.insert(outputs_.end(), last_flight_.begin(), last_flight_.end());
  }
}

void DtlsSession::shutdown() {
  if (state_ != State::kConnected && state_ != State::kClosed) return;
  ERR_clear_error();
  if (records_) {
    const uint8_t close_notify[2] = {SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY};
    Datagram record = records_->seal(kRecordAlert, close_notify, sizeof(close_notify));
    if (!record.empty()) outputs_.push_back(std::move(record));
    return;
  }
  if (SSL_alloc_buffers(ssl_) == 1) SSL_shutdown(ssl_);
  SSL_free_buffers(ssl_);
  ERR_clear_error();
}

int64_t DtlsSession::timeout_us() const {
  timeval left;
  if (!ssl_ || !DTLSv1_get_timeout(ssl_, &left)) return -1;
  return int64_t(left.tv_sec) * 1000000 + left.tv_usec;
}

}  // namespace efir
