// Paths (layout.ts, PATH_BYTES) and where the kernel is told to send to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "layout.h"

namespace efir {

/// What identifies a path: everything but our own address, which is known only for what has been received.
struct PathKey {
  uint8_t family = 0;
  uint8_t zero = 0;
  uint8_t port[2] = {0, 0};
  uint8_t address[16] = {0};
  uint32_t socket = 0;  // handle, or TCP connection number

  bool operator==(const PathKey& other) const { return memcmp(this, &other, sizeof(PathKey)) == 0; }
};
static_assert(sizeof(PathKey) == 24, "compared and hashed as bytes");

struct Path {
  PathKey key;
  uint8_t local[16] = {0};
};

/// False when the family is none of ours.
inline bool read_path(const uint8_t* bytes, Path* path) {
  *path = Path();
  path->key.family = bytes[0];
  path->key.socket = uint32_t(bytes[kPathSocket]) | uint32_t(bytes[kPathSocket + 1]) << 8 |
                     uint32_t(bytes[kPathSocket + 2]) << 16 | uint32_t(bytes[kPathSocket + 3]) << 24;
  size_t address_bytes = 0;
  if (bytes[0] == kFamilyV4) {
    address_bytes = 4;
  } else if (bytes[0] == kFamilyV6) {
    address_bytes = 16;
  } else {
    return bytes[0] == kFamilyTcp;
  }
  memcpy(path->key.port, bytes + kPathPort, 2);
  memcpy(path->key.address, bytes + kPathRemote, address_bytes);
  memcpy(path->local, bytes + kPathLocal, address_bytes);
  return true;
}

inline void write_path(const Path& path, uint8_t* bytes) {
  bytes[0] = path.key.family;
  bytes[1] = 0;
  memcpy(bytes + kPathPort, path.key.port, 2);
  memcpy(bytes + kPathRemote, path.key.address, 16);
  memcpy(bytes + kPathLocal, path.local, 16);
  bytes[kPathSocket] = uint8_t(path.key.socket);
  bytes[kPathSocket + 1] = uint8_t(path.key.socket >> 8);
  bytes[kPathSocket + 2] = uint8_t(path.key.socket >> 16);
  bytes[kPathSocket + 3] = uint8_t(path.key.socket >> 24);
}

/// A path in the form that the sending loop wants. `family` 0: nowhere yet.
struct Target {
  union {
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  uint32_t socket;
  uint8_t local[16];
  uint8_t family;
  bool has_local;

  Target() { memset(static_cast<void*>(this), 0, sizeof(*this)); }

  explicit Target(const Path& path) : Target() {
    static const uint8_t kZero[16] = {0};
    family = path.key.family;
    socket = path.key.socket;
    has_local = memcmp(path.local, kZero, 16) != 0;
    memcpy(local, path.local, 16);
    if (family == kFamilyV4) {
      v4.sin_family = AF_INET;
      memcpy(&v4.sin_port, path.key.port, 2);
      memcpy(&v4.sin_addr, path.key.address, 4);
    } else if (family == kFamilyV6) {
      v6.sin6_family = AF_INET6;
      memcpy(&v6.sin6_port, path.key.port, 2);
      memcpy(&v6.sin6_addr, path.key.address, 16);
    }
  }

  socklen_t name_length() const { return family == kFamilyV4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }
};

/// Fills port and address of `key` from what the kernel wrote.
inline void key_from_name(const sockaddr_storage& name, PathKey* key) {
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    key->family = kFamilyV4;
    memcpy(key->port, &v4.sin_port, 2);
    memcpy(key->address, &v4.sin_addr, 4);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
    key->family = kFamilyV6;
    memcpy(key->port, &v6.sin6_port, 2);
    memcpy(key->address, &v6.sin6_addr, 16);
  }
}

}  // namespace efir
