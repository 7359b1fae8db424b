// A datapath and the JavaScript object that stands for it: options in, memory shared, callbacks called back.
#pragma once

#include <node_api.h>

#include <memory>
#include <vector>

#include "datapath.h"

namespace efir {

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
};

}  // namespace efir
