#include "binding.h"

#include <uv.h>

#include "napi_tools.h"

namespace efir {

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
#ifndef EFIR_LINUX
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
  config_.made = static_cast<uint8_t*>(make_array(self, "made", napi_uint8_array, kMadeBytes, &buffer));
  size_t prefix_bytes = size_t(config_.tx_rows) * kTxPrefixBytes;
  config_.tx_prefix = static_cast<uint8_t*>(make_array(self, "txPrefix", napi_uint8_array, prefix_bytes, &buffer));
  if (!config_.arena || !config_.rx || !config_.rx_paths || !config_.tx || !config_.tx_prefix || !config_.made ||
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
        static_cast<Binding*>(data)->close();
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

}  // namespace efir
