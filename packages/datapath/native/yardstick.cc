// The plain way, to measure ours against: what an SFU does that copies, rewrites, seals and sends each packet to each
// receiver by itself. Keyed contexts are kept, only the IV is set anew; buffers are reused; nothing is made slower.
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "addon.h"
#include "napi_tools.h"
#include "rtp.h"
#include "srtp.h"
#include "udp.h"

namespace efir {

namespace {

constexpr uint32_t kMaxPacketBytes = 2000;

struct Receiver {
  sockaddr_storage name;
  socklen_t length;
  SrtpCipher cipher;
  uint32_t ssrc;
  uint16_t sequence;
  uint32_t roll_over;
};

double cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e9 + double(now.tv_nsec);
}

bool read_receiver(napi_env env, napi_value item, uint32_t i, SrtpProfile profile, Receiver* out) {
  napi_value value;
  std::string address;
  uint32_t port = 0;
  if (!has_property(env, item, "address", &value) || !get_string(env, value, &address) ||
      !option_u32(env, item, "port", 1, 65535, &port)) {
    return false;
  }
  memset(&out->name, 0, sizeof(out->name));
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out->name);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out->name);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(uint16_t(port));
    out->length = sizeof(*v4);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(uint16_t(port));
    out->length = sizeof(*v6);
  } else {
    return false;
  }
  uint8_t key[kSrtpKeyBytes], salt[kSrtpSaltBytes];
  for (size_t j = 0; j < sizeof(key); j++) key[j] = uint8_t(i * 31 + j);
  for (size_t j = 0; j < sizeof(salt); j++) salt[j] = uint8_t(i * 17 + j);
  out->ssrc = 0x10000000 + i;
  out->sequence = 1;
  out->roll_over = 0;
  return out->cipher.derive(profile, key, salt, false, true);
}

void write_header(uint8_t* packet, const Receiver& receiver, uint32_t timestamp) {
  packet[0] = 0x80;
  packet[1] = 96;
  packet[2] = uint8_t(receiver.sequence >> 8);
  packet[3] = uint8_t(receiver.sequence);
  for (int i = 0; i < 4; i++) packet[4 + i] = uint8_t(timestamp >> (24 - 8 * i));
  for (int i = 0; i < 4; i++) packet[8 + i] = uint8_t(receiver.ssrc >> (24 - 8 * i));
}

}  // namespace

/// `runYardstick({receivers, packets, packetBytes, burst, profile})`: sends at least `packets` packets of `packetBytes`
/// bytes (RTP header included, before sealing), in bursts to each receiver in turn. Returns `{packets, cpuNs}`.
napi_value run_yardstick(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1], list, value;
  uint32_t packets = 100000, packet_bytes = 1200, burst = 4, count = 0;
  if (napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr) != napi_ok || argc < 1 ||
      !has_property(env, argv[0], "receivers", &list) || napi_get_array_length(env, list, &count) != napi_ok || !count) {
    throw_error(env, "ERR_OPTION", "`receivers` must be a list of addresses and ports");
    return nullptr;
  }
  if (!option_u32(env, argv[0], "packets", 1, 1u << 30, &packets) ||
      !option_u32(env, argv[0], "packetBytes", 12, kMaxPacketBytes, &packet_bytes) ||
      !option_u32(env, argv[0], "burst", 1, 64, &burst)) {
    return nullptr;
  }
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  std::string name;
  if (has_property(env, argv[0], "profile", &value) && get_string(env, value, &name) && name == "AES128_CM_SHA1_80") {
    profile = SrtpProfile::kAes128CmSha1_80;
  }
  std::vector<Receiver> receivers(count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value item;
    if (napi_get_element(env, list, i, &item) != napi_ok || !read_receiver(env, item, i, profile, &receivers[i])) {
      throw_error(env, "ERR_OPTION", "A receiver is not an IP address and a port");
      return nullptr;
    }
  }
  int fd = socket(receivers[0].name.ss_family, SOCK_DGRAM, 0);
  int buffer = 4 * 1024 * 1024;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));

  std::vector<uint8_t> source(size_t(burst) * kMaxPacketBytes, 0x5a);
  uint8_t packet[kMaxPacketBytes + kMaxSrtpGrowth];
  uint64_t sent = 0;
  uint32_t timestamp = 0;
  double began = cpu_ns();
  while (sent < packets) {
    timestamp += 3000;
    for (Receiver& receiver : receivers) {
      for (uint32_t i = 0; i < burst; i++) {
        memcpy(packet, source.data() + size_t(i) * kMaxPacketBytes, packet_bytes);
        write_header(packet, receiver, timestamp);
        uint64_t index = uint64_t(receiver.roll_over) << 16 | receiver.sequence;
        size_t length = receiver.cipher.seal_rtp(packet, kRtpFixedHeader, packet_bytes, receiver.ssrc, index);
        if (++receiver.sequence == 0) receiver.roll_over++;
        while (sendto(fd, packet, length, 0, reinterpret_cast<sockaddr*>(&receiver.name), receiver.length) < 0 &&
               errno == EINTR) {
        }
        sent++;
      }
    }
  }
  double spent = cpu_ns() - began;
  ::close(fd);

  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "packets", make_number(env, double(sent)));
  set_property(env, result, "cpuNs", make_number(env, spent));
  return result;
}

}  // namespace efir
