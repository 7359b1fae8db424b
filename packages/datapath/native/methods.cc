// The class that JavaScript sees: arguments checked, the datapath called.
#include <uv.h>

#include "addon.h"
#include "binding.h"
#include "napi_tools.h"

namespace efir {

namespace {

const napi_type_tag kTag = {0x3f1d6a2c88b74e09, 0x9be2570c41fa6d33};

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
  uint32_t max_ssrcs = kDefaultSsrcs;
  if (!option_u32(env, call.argv[1], "maxSsrcs", kDefaultSsrcs, kMostSsrcs, &max_ssrcs)) return nullptr;
  const char* error = datapath->start_dtls(peer, role == "client", std::move(fingerprints), max_ssrcs);
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
