// The class that JavaScript sees: arguments checked, `Datapath` called, callbacks called back.
#include <uv.h>

#include <memory>

#include "addon.h"
#include "datapath.h"
#include "napi_tools.h"

namespace efir {

namespace {

const napi_type_tag kTag = {0x3f1d6a2c88b74e09, 0x9be2570c41fa6d33};

/// One per JavaScript object. Dies when that has been collected and the datapath is gone.
class Binding final : public DatapathHost {
 public:
  static Binding* create(napi_env env, napi_value self, napi_value callbacks);

  Datapath* datapath() { return datapath_.get(); }
  const DatapathConfig& config() const { return config_; }
  bool open(napi_value self, napi_value options);
  void close();
  void collected();

  void readable() override;
  void peer_event(const PeerEvent& event) override;
  void tcp_output(const TcpOutput& output) override;
  void gone() override;

 private:
  explicit Binding(napi_env env) : env_(env) {}
  bool read_options(napi_value options, uint32_t* retransmit_ms, std::vector<SrtpProfile>* profiles);
  bool make_memory(napi_value self);
  void* make_array(napi_value self, const char* name, napi_typedarray_type type, size_t count, napi_value* buffer);
  bool make_certificate(napi_value options, std::unique_ptr<Certificate>* certificate);
  void call(napi_ref function, size_t argc, napi_value* argv);
  void release_references();

  napi_env env_;
  DatapathConfig config_;
  std::unique_ptr<Datapath> datapath_;
  napi_ref self_ = nullptr;
  napi_ref on_readable_ = nullptr;
  napi_ref on_peer_event_ = nullptr;
  napi_ref on_tcp_output_ = nullptr;
  std::vector<napi_ref> memory_;
  napi_async_context async_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool collected_ = false;
  bool gone_ = false;
  bool tearing_down_ = false;
};

Binding* Binding::create(napi_env env, napi_value self, napi_value callbacks) {
  napi_value functions[3];
  const char* names[3] = {"onReadable", "onPeerEvent", "onTcpOutput"};
  for (int i = 0; i < 3; i++) {
    napi_valuetype type = napi_undefined;
    if (!has_property(env, callbacks, names[i], &functions[i]) || napi_typeof(env, functions[i], &type) != napi_ok ||
        type != napi_function) {
      throw_error(env, "ERR_OPTION", std::string("`callbacks.") + names[i] + "` must be a function");
      return nullptr;
    }
  }
  auto* binding = new Binding(env);
  napi_create_reference(env, functions[0], 1, &binding->on_readable_);
  napi_create_reference(env, functions[1], 1, &binding->on_peer_event_);
  napi_create_reference(env, functions[2], 1, &binding->on_tcp_output_);
  napi_async_init(env, self, make_string(env, "efir:datapath"), &binding->async_);
  return binding;
}

bool Binding::read_options(napi_value options, uint32_t* retransmit_ms, std::vector<SrtpProfile>* profiles) {
  napi_value value;
  if (!option_u32(env_, options, "slots", 64, 1u << 20, &config_.slots) ||
      !option_u32(env_, options, "rxRows", 1, 65536, &config_.rx_rows) ||
      !option_u32(env_, options, "txRows", 1, 65536, &config_.tx_rows) ||
      !option_u32(env_, options, "maxPeers", 1, kIndexMask - 1, &config_.max_peers) ||
      !option_u32(env_, options, "dtlsRetransmitMs", 1, 60000, retransmit_ms) ||
      !option_u32(env_, options, "dtlsTimeoutMs", 1, 3600000, &config_.dtls_timeout_ms)) {
    return false;
  }
  if (config_.slots & (config_.slots - 1)) {
    throw_error(env_, "ERR_OPTION", "`slots` must be a power of two");
    return false;
  }
  if (has_property(env_, options, "portable", &value)) napi_get_value_bool(env_, value, &config_.portable);
#ifndef __linux__
  config_.portable = true;
#endif
  *profiles = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmSha1_80};
  if (has_property(env_, options, "srtpProfiles", &value)) {
    profiles->clear();
    uint32_t count = 0;
    napi_get_array_length(env_, value, &count);
    for (uint32_t i = 0; i < count && i < 8; i++) {
      napi_value item;
      std::string name;
      if (napi_get_element(env_, value, i, &item) != napi_ok || !get_string(env_, item, &name)) break;
      if (name == "AEAD_AES_128_GCM") profiles->push_back(SrtpProfile::kAeadAes128Gcm);
      if (name == "AES128_CM_SHA1_80") profiles->push_back(SrtpProfile::kAes128CmSha1_80);
    }
    if (profiles->empty() || profiles->size() != count) {
      throw_error(env_, "ERR_OPTION", "`srtpProfiles` must be a list of known SRTP profiles");
      return false;
    }
  }
  return true;
}

bool Binding::make_certificate(napi_value options, std::unique_ptr<Certificate>* certificate) {
  certificate->reset(new Certificate());
  napi_value pair, value;
  if (!has_property(env_, options, "certificate", &pair)) {
    if ((*certificate)->generate()) return true;
    throw_error(env_, "ERR_CERTIFICATE", "OpenSSL made no certificate");
    return false;
  }
  std::string pem, key;
  if (has_property(env_, pair, "certificatePem", &value) && get_string(env_, value, &pem) &&
      has_property(env_, pair, "privateKeyPem", &value) && get_string(env_, value, &key) &&
      (*certificate)->read_pem(pem, key)) {
    return true;
  }
  throw_error(env_, "ERR_CERTIFICATE", "The certificate and its private key can't be read, or don't belong together");
  return false;
}

void* Binding::make_array(napi_value self, const char* name, napi_typedarray_type type, size_t count,
                          napi_value* buffer) {
  void* data = nullptr;
  napi_value array = nullptr;
  size_t bytes = type == napi_uint32_array ? count * 4 : count;
  napi_ref reference = nullptr;
  if (napi_create_arraybuffer(env_, bytes, &data, buffer) != napi_ok ||
      napi_create_typedarray(env_, type, count, *buffer, 0, &array) != napi_ok ||
      napi_create_reference(env_, *buffer, 1, &reference) != napi_ok) {
    return nullptr;
  }
  memory_.push_back(reference);
  set_property(env_, self, name, array);
  return data;
}

bool Binding::make_memory(napi_value self) {
  napi_value buffer = nullptr, words = nullptr;
  config_.arena = static_cast<uint8_t*>(
      make_array(self, "arena", napi_uint8_array, size_t(config_.slots) * kSlotBytes, &buffer));
  config_.rx = static_cast<uint32_t*>(
      make_array(self, "rx", napi_uint32_array, size_t(config_.rx_rows) * kRxStride, &buffer));
  config_.rx_paths = static_cast<uint8_t*>(
      make_array(self, "rxPaths", napi_uint8_array, size_t(config_.rx_rows) * kPathBytes, &buffer));
  config_.tx = static_cast<uint32_t*>(
      make_array(self, "tx", napi_uint32_array, size_t(config_.tx_rows) * kTxStride, &buffer));
  size_t prefix_bytes = size_t(config_.tx_rows) * kTxPrefixBytes;
  config_.tx_prefix = static_cast<uint8_t*>(make_array(self, "txPrefix", napi_uint8_array, prefix_bytes, &buffer));
  if (!config_.arena || !config_.rx || !config_.rx_paths || !config_.tx || !config_.tx_prefix ||
      napi_create_typedarray(env_, napi_uint32_array, prefix_bytes / 4, buffer, 0, &words) != napi_ok) {
    return false;
  }
  set_property(env_, self, "txPrefixWords", words);
  set_property(env_, self, "slots", make_number(env_, config_.slots));
  set_property(env_, self, "rxRows", make_number(env_, config_.rx_rows));
  set_property(env_, self, "txRows", make_number(env_, config_.tx_rows));
  return true;
}

bool Binding::open(napi_value self, napi_value options) {
  DtlsOptions dtls;
  std::unique_ptr<Certificate> certificate;
  if (!read_options(options, &dtls.retransmit_ms, &dtls.profiles) || !make_certificate(options, &certificate)) {
    return false;
  }
  std::string error;
  config_.dtls = DtlsContext::create(std::move(certificate), dtls, &error);
  if (!config_.dtls) {
    throw_error(env_, "ERR_OPENSSL", error);
    return false;
  }
  if (!make_memory(self)) {
    throw_error(env_, "ERR_MEMORY", "Not enough memory for the arena");
    return false;
  }
  napi_value fingerprint = nullptr;
  napi_create_object(env_, &fingerprint);
  set_property(env_, fingerprint, "algorithm", make_string(env_, "sha-256"));
  set_property(env_, fingerprint, "value", make_string(env_, config_.dtls->fingerprint()));
  set_property(env_, self, "fingerprint", fingerprint);

  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env_, &loop);
  datapath_.reset(new Datapath(loop, config_, this));
  if (!datapath_->start(&error)) {
    throw_error(env_, "ERR_SYSTEM", error);
    return false;
  }
  // Until closed, the object stays: the sockets behind it can still call back.
  napi_create_reference(env_, self, 1, &self_);
  napi_add_async_cleanup_hook(
      env_,
      [](napi_async_cleanup_hook_handle, void* data) {
        auto* binding = static_cast<Binding*>(data);
        binding->tearing_down_ = true;
        binding->close();
      },
      this, &hook_);
  return true;
}

void Binding::close() {
  if (datapath_ && !datapath_->closed()) {
    datapath_->close();
    release_references();
  }
}

void Binding::release_references() {
  for (napi_ref* reference : {&self_, &on_readable_, &on_peer_event_, &on_tcp_output_}) {
    if (*reference) napi_delete_reference(env_, *reference);
    *reference = nullptr;
  }
  for (napi_ref reference : memory_) napi_delete_reference(env_, reference);
  memory_.clear();
  if (async_) napi_async_destroy(env_, async_);
  async_ = nullptr;
}

/// The last of the loop's handles and of the pool's jobs is through.
void Binding::gone() {
  napi_async_cleanup_hook_handle hook = hook_;
  hook_ = nullptr;
  gone_ = true;
  datapath_.reset();
  config_.dtls.reset();
  if (collected_) delete this;
  if (hook) napi_remove_async_cleanup_hook(hook);
}

void Binding::collected() {
  collected_ = true;
  if (!datapath_) {
    release_references();
    delete this;
    return;
  }
  close();
}

void Binding::call(napi_ref function, size_t argc, napi_value* argv) {
  napi_value callee = nullptr, self = nullptr;
  if (!function || napi_get_reference_value(env_, function, &callee) != napi_ok ||
      napi_get_reference_value(env_, self_, &self) != napi_ok) {
    return;
  }
  if (napi_make_callback(env_, async_, self, callee, argc, argv, nullptr) == napi_pending_exception) {
    napi_value error = nullptr;
    if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
  }
}

void Binding::readable() {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  call(on_readable_, 0, nullptr);
  napi_close_handle_scope(env_, scope);
}

void Binding::peer_event(const PeerEvent& event) {
  static const char* const kTypes[] = {"connected", "failed", "closed"};
  static const char* const kReasons[] = {"", "fingerprint", "no-srtp-profile", "handshake", "timeout"};
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value object = nullptr;
  napi_create_object(env_, &object);
  set_property(env_, object, "type", make_string(env_, kTypes[event.type]));
  if (event.type == PeerEvent::kConnected) {
    bool gcm = event.profile == SrtpProfile::kAeadAes128Gcm;
    set_property(env_, object, "profile", make_string(env_, gcm ? "AEAD_AES_128_GCM" : "AES128_CM_SHA1_80"));
    set_property(env_, object, "dtlsVersion", make_string(env_, event.text));
  } else if (event.type == PeerEvent::kFailed) {
    set_property(env_, object, "reason", make_string(env_, kReasons[size_t(event.failure)]));
    set_property(env_, object, "detail", make_string(env_, event.text));
  }
  napi_value argv[2] = {make_number(env_, event.peer), object};
  call(on_peer_event_, 2, argv);
  napi_close_handle_scope(env_, scope);
}

void Binding::tcp_output(const TcpOutput& output) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  void* data = nullptr;
  napi_value buffer = nullptr, bytes = nullptr;
  if (napi_create_arraybuffer(env_, output.frame.size(), &data, &buffer) == napi_ok &&
      napi_create_typedarray(env_, napi_uint8_array, output.frame.size(), buffer, 0, &bytes) == napi_ok) {
    memcpy(data, output.frame.data(), output.frame.size());
    napi_value argv[2] = {make_number(env_, output.connection), bytes};
    call(on_tcp_output_, 2, argv);
  }
  napi_close_handle_scope(env_, scope);
}

// Methods ------------------------------------------------------------------------------------------------------------

/// A call's `this` and arguments. `argc` of them are required.
struct Call {
  napi_env env;
  Binding* binding = nullptr;
  napi_value self = nullptr;
  napi_value argv[3] = {nullptr, nullptr, nullptr};
  bool ok = false;

  Call(napi_env napi, napi_callback_info info, size_t required) : env(napi) {
    size_t argc = 3;
    void* data = nullptr;
    bool tagged = false;
    if (napi_get_cb_info(env, info, &argc, argv, &self, nullptr) != napi_ok ||
        napi_check_object_type_tag(env, self, &kTag, &tagged) != napi_ok || !tagged ||
        napi_unwrap(env, self, &data) != napi_ok) {
      throw_error(env, "ERR_RECEIVER", "Called on something that is no datapath");
      return;
    }
    if (argc < required) {
      throw_error(env, "ERR_ARGUMENT", "Too few arguments");
      return;
    }
    binding = static_cast<Binding*>(data);
    ok = true;
  }

  /// Null once closed: then calls do nothing.
  Datapath* open() const {
    Datapath* datapath = ok ? binding->datapath() : nullptr;
    return datapath && !datapath->closed() ? datapath : nullptr;
  }

  bool u32(size_t i, uint32_t* out) const {
    if (get_u32(env, argv[i], out)) return true;
    throw_error(env, "ERR_ARGUMENT", "Argument " + std::to_string(i + 1) + " must be a number");
    return false;
  }

  bool bytes(size_t i, Bytes* out) const {
    if (get_bytes(env, argv[i], out)) return true;
    throw_error(env, "ERR_ARGUMENT", "Argument " + std::to_string(i + 1) + " must be a Uint8Array");
    return false;
  }

  bool path(size_t i, Path* out) const {
    Bytes raw;
    if (!bytes(i, &raw)) return false;
    if (raw.length == kPathBytes && read_path(raw.data, out)) return true;
    throw_error(env, "ERR_PATH", "Not a path: " + std::to_string(kPathBytes) + " bytes, family 4, 6 or 1");
    return false;
  }
};

napi_value construct(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2], self;
  if (napi_get_cb_info(env, info, &argc, argv, &self, nullptr) != napi_ok) return nullptr;
  Binding* binding = Binding::create(env, self, argv[1]);
  if (!binding) return nullptr;
  napi_type_tag_object(env, self, &kTag);
  napi_wrap(
      env, self, binding, [](napi_env, void* data, void*) { static_cast<Binding*>(data)->collected(); }, nullptr,
      nullptr);
  if (!binding->open(self, argv[0]) && binding->datapath()) binding->close();
  return self;
}

napi_value now_us(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.ok) return nullptr;
  Datapath* datapath = call.binding->datapath();
  return make_number(env, datapath ? double(datapath->now_us()) : 0);
}

napi_value open_udp(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.ok) return nullptr;
  Datapath* datapath = call.open();
  if (!datapath) {
    throw_error(env, "ERR_CLOSED", "The datapath is closed");
    return nullptr;
  }
  UdpOptions options;
  napi_value value;
  uint32_t port = 0;
  if (!has_property(env, call.argv[0], "address", &value) || !get_string(env, value, &options.address)) {
    throw_error(env, "ERR_OPTION", "`address` must be an IP address");
    return nullptr;
  }
  if (!option_u32(env, call.argv[0], "port", 0, 65535, &port) ||
      !option_u32(env, call.argv[0], "receiveBufferBytes", 0, 1u << 30, &options.receive_buffer) ||
      !option_u32(env, call.argv[0], "sendBufferBytes", 0, 1u << 30, &options.send_buffer)) {
    return nullptr;
  }
  options.port = uint16_t(port);
  options.portable = call.binding->config().portable;
  int error = 0;
  uint16_t bound = 0;
  uint32_t socket = datapath->open_udp(options, &bound, &error);
  if (!socket) {
    throw_error(env, uv_err_name(-error),
                std::string("No UDP socket on ") + options.address + " port " + std::to_string(port) + ": " +
                    uv_strerror(-error));
    return nullptr;
  }
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "socket", make_number(env, socket));
  set_property(env, result, "port", make_number(env, bound));
  return result;
}

napi_value close_udp(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  uint32_t socket = 0;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &socket)) datapath->close_udp(socket);
  }
  return nullptr;
}

napi_value create_peer(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.ok) return nullptr;
  Datapath* datapath = call.open();
  uint32_t peer = datapath ? datapath->create_peer() : 0;
  if (peer) return make_number(env, peer);
  throw_error(env, datapath ? "ERR_TOO_MANY_PEERS" : "ERR_CLOSED",
              datapath ? "There are as many peers as `maxPeers` allows" : "The datapath is closed");
  return nullptr;
}

napi_value close_peer(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  uint32_t peer = 0;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &peer)) datapath->close_peer(peer);
  }
  return nullptr;
}

bool read_fingerprints(napi_env env, napi_value list, FingerprintSet* set) {
  uint32_t count = 0;
  if (napi_get_array_length(env, list, &count) != napi_ok) return false;
  for (uint32_t i = 0; i < count && i < 64; i++) {
    napi_value item, value;
    std::string algorithm, digest;
    if (napi_get_element(env, list, i, &item) == napi_ok && has_property(env, item, "algorithm", &value) &&
        get_string(env, value, &algorithm) && has_property(env, item, "value", &value) &&
        get_string(env, value, &digest)) {
      set->add(algorithm, digest);
    }
  }
  return !set->empty();
}

napi_value start_dtls(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  Datapath* datapath = call.open();
  uint32_t peer = 0;
  if (!datapath || !call.u32(0, &peer)) return nullptr;
  napi_value value;
  std::string role;
  if (!has_property(env, call.argv[1], "role", &value) || !get_string(env, value, &role) ||
      (role != "client" && role != "server")) {
    throw_error(env, "ERR_OPTION", "`role` must be client or server");
    return nullptr;
  }
  FingerprintSet fingerprints;
  if (!has_property(env, call.argv[1], "fingerprints", &value) || !read_fingerprints(env, value, &fingerprints)) {
    throw_error(env, "ERR_FINGERPRINT", "`fingerprints` has none whose algorithm is known and whose value is well-formed");
    return nullptr;
  }
  const char* error = datapath->start_dtls(peer, role == "client", std::move(fingerprints));
  if (error) throw_error(env, "ERR_DTLS", error);
  return nullptr;
}

template <void (Datapath::*Method)(uint32_t, const Path&)>
napi_value on_path(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  uint32_t peer = 0;
  Path path;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &peer) && call.path(1, &path)) (datapath->*Method)(peer, path);
  }
  return nullptr;
}

napi_value add_stream(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  if (!call.ok) return nullptr;
  uint32_t peer = 0, ssrc = 0;
  const char* error = "The datapath is closed";
  Datapath* datapath = call.open();
  if (!call.u32(0, &peer) || !call.u32(1, &ssrc)) return nullptr;
  uint32_t stream = datapath ? datapath->add_stream(peer, ssrc, &error) : 0;
  if (stream) return make_number(env, stream);
  throw_error(env, "ERR_STREAM", error);
  return nullptr;
}

napi_value remove_stream(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  uint32_t stream = 0;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &stream)) datapath->remove_stream(stream);
  }
  return nullptr;
}

napi_value receive(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.ok) return nullptr;
  Datapath* datapath = call.open();
  return make_number(env, datapath ? datapath->receive() : 0);
}

napi_value reserve_packet(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  Datapath* datapath = call.open();
  return make_number(env, datapath ? double(datapath->reserve_packet()) : 0);
}

napi_value inject_tcp(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  uint32_t connection = 0;
  Bytes bytes;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &connection) && call.bytes(1, &bytes)) datapath->inject_tcp(connection, bytes.data, bytes.length);
  }
  return nullptr;
}

napi_value flush(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  uint32_t rows = 0;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &rows)) datapath->flush(rows);
  }
  return nullptr;
}

napi_value send_rtcp(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  uint32_t peer = 0;
  Bytes bytes;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &peer) && call.bytes(1, &bytes)) datapath->send_rtcp(peer, bytes.data, bytes.length);
  }
  return nullptr;
}

napi_value send_data(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  uint32_t peer = 0;
  Bytes bytes;
  if (Datapath* datapath = call.open()) {
    if (call.u32(0, &peer) && call.bytes(1, &bytes)) datapath->send_data(peer, bytes.data, bytes.length);
  }
  return nullptr;
}

napi_value send_raw(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  Path path;
  Bytes bytes;
  if (Datapath* datapath = call.open()) {
    if (call.path(0, &path) && call.bytes(1, &bytes)) datapath->send_raw(path, bytes.data, bytes.length);
  }
  return nullptr;
}

napi_value tick(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (Datapath* datapath = call.open()) datapath->tick();
  return nullptr;
}

napi_value stats(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.ok) return nullptr;
  napi_value object = nullptr;
  napi_create_object(env, &object);
  Datapath* datapath = call.binding->datapath();
  Stats none;
  const Stats& now = datapath ? datapath->stats() : none;
#define EFIR_STAT_PROPERTY(name) set_property(env, object, #name, make_number(env, double(now.name)));
  EFIR_STATS(EFIR_STAT_PROPERTY)
#undef EFIR_STAT_PROPERTY
  set_property(env, object, "peers", make_number(env, datapath ? datapath->peer_count() : 0));
  set_property(env, object, "sockets", make_number(env, datapath ? datapath->socket_count() : 0));
  return object;
}

napi_value peer_stats(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  uint32_t handle = 0;
  Datapath* datapath = call.open();
  if (!datapath || !call.u32(0, &handle)) return nullptr;
  const Peer* peer = datapath->peer(handle);
  if (!peer) return nullptr;
  const PeerTx& tx = datapath->peer_tx(handle);
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set_property(env, object, "rxPackets", make_number(env, double(peer->rx_packets)));
  set_property(env, object, "rxBytes", make_number(env, double(peer->rx_bytes)));
  set_property(env, object, "txPackets", make_number(env, double(tx.packets)));
  set_property(env, object, "txBytes", make_number(env, double(tx.bytes)));
  set_property(env, object, "rxDropped", make_number(env, double(peer->rx_dropped)));
  return object;
}

napi_value close(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (call.ok) call.binding->close();
  return nullptr;
}

}  // namespace

napi_value define_datapath_class(napi_env env) {
  struct Method {
    const char* name;
    napi_callback callback;
  };
  const Method methods[] = {
      {"nowUs", now_us},
      {"openUdp", open_udp},
      {"closeUdp", close_udp},
      {"createPeer", create_peer},
      {"closePeer", close_peer},
      {"startDtls", start_dtls},
      {"addPath", on_path<&Datapath::add_path>},
      {"removePath", on_path<&Datapath::remove_path>},
      {"selectPath", on_path<&Datapath::select_path>},
      {"addStream", add_stream},
      {"removeStream", remove_stream},
      {"receive", receive},
      {"injectTcp", inject_tcp},
      {"reservePacket", reserve_packet},
      {"flush", flush},
      {"sendRtcp", send_rtcp},
      {"sendData", send_data},
      {"sendRaw", send_raw},
      {"tick", tick},
      {"stats", stats},
      {"peerStats", peer_stats},
      {"close", close},
  };
  std::vector<napi_property_descriptor> properties;
  for (const Method& method : methods) {
    properties.push_back(
        {method.name, nullptr, method.callback, nullptr, nullptr, nullptr, napi_default_method, nullptr});
  }
  napi_value result = nullptr;
  napi_define_class(env, "Datapath", NAPI_AUTO_LENGTH, construct, nullptr, properties.size(), properties.data(),
                    &result);
  return result;
}

}  // namespace efir
