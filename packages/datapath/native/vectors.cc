// For tests only: key derivation, sealing and opening with session keys that the test gives. No peer's keys come here.
#include <algorithm>
#include <vector>

#include "addon.h"
#include "napi_tools.h"
#include "rtp.h"
#include "srtp.h"

namespace efir {

namespace {

napi_value make_bytes(napi_env env, const uint8_t* bytes, size_t length) {
  void* data = nullptr;
  napi_value buffer = nullptr, array = nullptr;
  if (napi_create_arraybuffer(env, length, &data, &buffer) != napi_ok) return nullptr;
  std::copy(bytes, bytes + length, static_cast<uint8_t*>(data));
  napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &array);
  return array;
}

/// derive(masterKey, masterSalt, label, length)
napi_value derive(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value argv[4];
  Bytes key, salt;
  uint32_t label = 0, length = 0;
  uint8_t padded[kSrtpSaltBytes] = {0};
  if (napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr) != napi_ok || !get_bytes(env, argv[0], &key) ||
      key.length != kSrtpKeyBytes || !get_bytes(env, argv[1], &salt) || salt.length > kSrtpSaltBytes ||
      !get_u32(env, argv[2], &label) || !get_u32(env, argv[3], &length) || length > 256) {
    throw_error(env, "ERR_ARGUMENT", "derive(masterKey, masterSalt, label, length)");
    return nullptr;
  }
  std::copy(salt.data, salt.data + salt.length, padded);
  std::vector<uint8_t> out(length);
  return srtp_derive(key.data, padded, uint8_t(label), out.data(), length) ? make_bytes(env, out.data(), length)
                                                                          : nullptr;
}

/// What a call of the four below comes with: (profile, key, salt, authKey, packet, rollOverOrIndex).
struct PacketCall {
  SrtpCipher cipher;
  SrtpProfile profile = SrtpProfile::kAes128CmSha1_80;
  std::vector<uint8_t> packet;
  size_t length = 0;
  uint32_t number = 0;

  bool read(napi_env env, napi_callback_info info, bool seals) {
    size_t argc = 6;
    napi_value argv[6];
    std::string name;
    Bytes key, salt, auth, bytes;
    uint8_t padded[kSrtpSaltBytes] = {0};
    uint8_t auth_key[kSha1KeyBytes] = {0};
    if (napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr) != napi_ok || !get_string(env, argv[0], &name) ||
        !get_bytes(env, argv[1], &key) || key.length != kSrtpKeyBytes || !get_bytes(env, argv[2], &salt) ||
        salt.length > kSrtpSaltBytes || !get_bytes(env, argv[3], &auth) || auth.length > kSha1KeyBytes ||
        !get_bytes(env, argv[4], &bytes) || bytes.length < kRtpFixedHeader || bytes.length > 2000 ||
        !get_u32(env, argv[5], &number)) {
      throw_error(env, "ERR_ARGUMENT", "(profile, key, salt, authKey, packet, number)");
      return false;
    }
    if (name == "AEAD_AES_128_GCM") profile = SrtpProfile::kAeadAes128Gcm;
    std::copy(salt.data, salt.data + salt.length, padded);
    std::copy(auth.data, auth.data + auth.length, auth_key);
    length = bytes.length;
    packet.assign(bytes.data, bytes.data + length);
    packet.resize(length + kMaxSrtpGrowth);
    return cipher.set(profile, key.data, padded, auth_key, seals);
  }
  uint64_t rtp_index() const { return uint64_t(number) << 16 | get16(&packet[2]); }
  size_t header() const { return rtp_header_length(packet.data(), length); }
};

napi_value seal_rtp(napi_env env, napi_callback_info info) {
  PacketCall call;
  if (!call.read(env, info, true) || !call.header()) return nullptr;
  size_t sealed = call.cipher.seal_rtp(call.packet.data(), call.header(), call.length, get32(&call.packet[8]),
                                       call.rtp_index());
  return sealed ? make_bytes(env, call.packet.data(), sealed) : nullptr;
}

napi_value open_rtp(napi_env env, napi_callback_info info) {
  PacketCall call;
  if (!call.read(env, info, false) || !call.header()) return nullptr;
  std::vector<uint8_t> out(call.length);
  size_t opened = call.cipher.open_rtp(call.packet.data(), call.header(), call.length, get32(&call.packet[8]),
                                       call.rtp_index(), out.data());
  return opened ? make_bytes(env, out.data(), opened) : nullptr;
}

napi_value seal_rtcp(napi_env env, napi_callback_info info) {
  PacketCall call;
  if (!call.read(env, info, true)) return nullptr;
  size_t sealed = call.cipher.seal_rtcp(call.packet.data(), call.length, get32(&call.packet[4]), call.number);
  return sealed ? make_bytes(env, call.packet.data(), sealed) : nullptr;
}

/// Its last argument is ignored: the index stands in the packet.
napi_value open_rtcp(napi_env env, napi_callback_info info) {
  PacketCall call;
  if (!call.read(env, info, false)) return nullptr;
  int64_t index = SrtpCipher::rtcp_index(call.profile, call.packet.data(), call.length);
  if (index < 0) return nullptr;
  std::vector<uint8_t> out(call.length);
  size_t opened =
      call.cipher.open_rtcp(call.packet.data(), call.length, get32(&call.packet[4]), uint32_t(index), out.data());
  return opened ? make_bytes(env, out.data(), opened) : nullptr;
}

/// useGcm('evp' | 'aesni' | 'vaes'): what keys set from now on are for; false where the CPU hasn't got it.
napi_value use_gcm(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1], result = nullptr;
  std::string name;
  if (napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr) != napi_ok || !get_string(env, argv[0], &name)) {
    throw_error(env, "ERR_ARGUMENT", "useGcm(name)");
    return nullptr;
  }
  GcmKind kind = name == "vaes" ? GcmKind::kVaes : name == "aesni" ? GcmKind::kAesNi : GcmKind::kNone;
  napi_get_boolean(env, gcm_use(kind), &result);
  return result;
}

}  // namespace

napi_value make_vectors(napi_env env) {
  const struct {
    const char* name;
    napi_callback callback;
  } functions[] = {
      {"derive", derive},
      {"sealRtp", seal_rtp},
      {"openRtp", open_rtp},
      {"sealRtcp", seal_rtcp},
      {"openRtcp", open_rtcp},
      {"useGcm", use_gcm},
  };
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (const auto& item : functions) {
    napi_value function = nullptr;
    napi_create_function(env, item.name, NAPI_AUTO_LENGTH, item.callback, nullptr, &function);
    set_property(env, object, item.name, function);
  }
  return object;
}

}  // namespace efir
