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

  /// How many SSRCs have a place at one time.
  void set_limit(size_t limit) { limit_ = limit; }

  Entry* find(uint32_t ssrc) {
    if (last_ < entries_.size() && entries_[last_].ssrc == ssrc) return &entries_[last_];
    if (!index_.empty()) return find_indexed(ssrc);
    for (size_t i = 0; i < entries_.size(); i++) {
      if (entries_[i].ssrc == ssrc) {
        last_ = i;
        return &entries_[i];
      }
    }
    return nullptr;
  }

  bool has_room(uint64_t now_us) const {
    return entries_.size() < limit_ || (retired_.size() < kRetired * limit_ && silent(now_us) < entries_.size());
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
    if (entries_.size() < limit_) {
      if (entries_.size() == entries_.capacity()) entries_.reserve(entries_.empty() ? 1 : entries_.size() * 2);
      entries_.push_back(entry);
    } else {
      Entry& place = entries_[silent(now_us)];
      retired_.emplace_back(place.ssrc, place.seen.highest());
      place = entry;
    }
    if (entries_.size() > kScanned) index();
  }

 private:
  static constexpr size_t kLimit = 64;
  /// Places given up that are remembered, for each there is.
  static constexpr size_t kRetired = 8;
  /// As many are looked through one by one.
  static constexpr size_t kScanned = 64;
  static constexpr uint64_t kSilentUs = 10 * 1000 * 1000;

  size_t silent(uint64_t now_us) const {
    size_t oldest = entries_.size();
    for (size_t i = 0; i < entries_.size(); i++) {
      if (entries_[i].last_us + kSilentUs > now_us) continue;
      if (oldest == entries_.size() || entries_[i].last_us < entries_[oldest].last_us) oldest = i;
    }
    return oldest;
  }

  Entry* find_indexed(uint32_t ssrc) {
    for (size_t at = home(ssrc); index_[at] != 0; at = (at + 1) & (index_.size() - 1)) {
      if (entries_[index_[at] - 1].ssrc != ssrc) continue;
      last_ = index_[at] - 1;
      return &entries_[last_];
    }
    return nullptr;
  }

  /// Anew: SSRCs come seldom.
  void index() {
    size_t size = 256;
    while (size < entries_.size() * 2) size *= 2;
    index_.assign(size, 0);
    for (size_t i = 0; i < entries_.size(); i++) {
      size_t at = home(entries_[i].ssrc);
      while (index_[at] != 0) at = (at + 1) & (size - 1);
      index_[at] = uint16_t(i + 1);
    }
  }

  size_t home(uint32_t ssrc) const {
    return size_t((uint64_t(ssrc) * 0x9e3779b97f4a7c15u) >> 40) & (index_.size() - 1);
  }

  size_t limit_ = kLimit;
  std::vector<Entry> entries_;
  /// Place + 1 by SSRC, open addressing; empty as long as scanning does.
  std::vector<uint16_t> index_;
  std::vector<std::pair<uint32_t, uint64_t>> retired_;
  size_t last_ = 0;
};

}  // namespace efir
