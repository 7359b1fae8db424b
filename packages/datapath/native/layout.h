// The numbers of src/layout.ts: rows and sizes that JavaScript and the addon agree on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efir {

constexpr uint32_t kSlotBytes = 2048;

constexpr uint32_t kRxStride = 12;
enum RxField : uint32_t {
  kRxKind,
  kRxPacket,
  kRxLength,
  kRxPeer,
  kRxSsrc,
  kRxSequence,
  kRxTimestamp,
  kRxHeaderLength,
  kRxPayloadLength,
  kRxMarkerType,
  kRxArrivalUs,
  kRxSocket,
};

constexpr uint32_t kKindStun = 1;
constexpr uint32_t kKindRtp = 2;
constexpr uint32_t kKindRtcp = 3;
constexpr uint32_t kKindData = 4;
constexpr uint32_t kNoPeer = 0xffffffff;

constexpr uint32_t kPathBytes = 40;
constexpr uint32_t kPathPort = 2;
constexpr uint32_t kPathRemote = 4;
constexpr uint32_t kPathLocal = 20;
constexpr uint32_t kPathSocket = 36;
constexpr uint8_t kFamilyTcp = 1;
constexpr uint8_t kFamilyV4 = 4;
constexpr uint8_t kFamilyV6 = 6;

constexpr uint32_t kTxStride = 8;
enum TxField : uint32_t {
  kTxStream,
  kTxPrefixLength,
  kTxPacket,
  kTxPayloadOffset,
  kTxPayloadLength,
  kTxPadding,
  kTxFlags,
};
constexpr uint32_t kTxPrefixBytes = 384;
constexpr uint32_t kMadeBytes = 65536;
constexpr uint32_t kTxRepeat = 1;
constexpr uint32_t kTxMade = 2;

}  // namespace efir
