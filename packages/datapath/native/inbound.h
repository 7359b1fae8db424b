// What was received of each SSRC of a peer. An SSRC gets a place only with its first authentic packet; places are bounded,
// the longest silent gives way. Of those that gave way the highest index is remembered, or old packets could come again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "replay.h"

namespace efir {

template <uint32_t Words>
class InboundTable {
 public:
  struct Entry {
    uint32_t ssrc = 0;
    uint64_t last_us = 0;
    ReplayWindow<Words> seen;
  };

  Entry* find(uint32_t ssrc) {
    if (last_ < entries_.size() && entries_[last_].ssrc == ssrc) return &entries_[last_];
    for (size_t i = 0; i < entries_.size(); i++) {
      if (entries_[i].ssrc == ssrc) {
        last_ = i;
        return &entries_[i];
      }
    }
    return nullptr;
  }

  bool has_room(uint64_t now_us) const {
    return entries_.size() < kMax || (retired_.size() < kMaxRetired && silent(now_us) < entries_.size());
  }

  /// The state an SSRC without a place starts from.
  Entry candidate(uint32_t ssrc) const {
    Entry entry;
    entry.ssrc = ssrc;
    for (const auto& old : retired_) {
      if (old.first == ssrc) entry.seen.mark_all_up_to(old.second);
    }
    return entry;
  }

  /// `has_room` must have said so.
  void insert(const Entry& entry, uint64_t now_us) {
    for (size_t i = 0; i < retired_.size(); i++) {
      if (retired_[i].first == entry.ssrc) {
        retired_.erase(retired_.begin() + ptrdiff_t(i));
        break;
      }
    }
    if (entries_.size() < kMax) {
      if (entries_.size() == entries_.capacity()) entries_.reserve(entries_.empty() ? 1 : entries_.size() * 2);
      entries_.push_back(entry);
      return;
    }
    Entry& place = entries_[silent(now_us)];
    retired_.emplace_back(place.ssrc, place.seen.highest());
    place = entry;
  }

 private:
  static constexpr size_t kMax = 64;
  static constexpr size_t kMaxRetired = 512;
  static constexpr uint64_t kSilentUs = 10 * 1000 * 1000;

  size_t silent(uint64_t now_us) const {
    size_t oldest = entries_.size();
    for (size_t i = 0; i < entries_.size(); i++) {
      if (entries_[i].last_us + kSilentUs > now_us) continue;
      if (oldest == entries_.size() || entries_[i].last_us < entries_[oldest].last_us) oldest = i;
    }
    return oldest;
  }

  std::vector<Entry> entries_;
  std::vector<std::pair<uint32_t, uint64_t>> retired_;
  size_t last_ = 0;
};

}  // namespace efir
