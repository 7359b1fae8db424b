// Which peer a path belongs to. Open addressing with linear probing; looked up once per received message.
#pragma once

#include <cstdint>
#include <vector>

#include "address.h"

namespace efir {

class PathTable {
 public:
  explicit PathTable(uint64_t seed) : seed_(seed), entries_(64) {}

  /// Peer handle, or 0.
  uint32_t find(const PathKey& key) const {
    for (size_t i = home(key);; i = (i + 1) & (entries_.size() - 1)) {
      if (entries_[i].peer == 0) return 0;
      if (entries_[i].key == key) return entries_[i].peer;
    }
  }

  void set(const PathKey& key, uint32_t peer) {
    if ((used_ + 1) * 2 > entries_.size()) grow();
    size_t i = home(key);
    while (entries_[i].peer != 0 && !(entries_[i].key == key)) i = (i + 1) & (entries_.size() - 1);
    if (entries_[i].peer == 0) used_++;
    entries_[i] = {key, peer};
  }

  void erase(const PathKey& key) {
    size_t mask = entries_.size() - 1;
    size_t i = home(key);
    while (entries_[i].peer != 0 && !(entries_[i].key == key)) i = (i + 1) & mask;
    if (entries_[i].peer == 0) return;
    used_--;
    // Close the gap, so that no search stops short.
    for (size_t j = (i + 1) & mask; entries_[j].peer != 0; j = (j + 1) & mask) {
      size_t want = home(entries_[j].key);
      if (((j - want) & mask) >= ((j - i) & mask)) {
        entries_[i] = entries_[j];
        i = j;
      }
    }
    entries_[i] = Entry();
  }

 private:
  struct Entry {
    PathKey key;
    uint32_t peer = 0;
  };

  size_t home(const PathKey& key) const {
    uint64_t words[3];
    memcpy(words, &key, sizeof(words));
    uint64_t hash = seed_;
    for (uint64_t word : words) {
      hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
    }
    return size_t(hash) & (entries_.size() - 1);
  }

  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    used_ = 0;
    for (const Entry& entry : old) {
      if (entry.peer != 0) set(entry.key, entry.peer);
    }
  }

  uint64_t seed_;
  size_t used_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace efir
