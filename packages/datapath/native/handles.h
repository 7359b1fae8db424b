// Handles: 20 bits of index, 10 bits of generation (never 0), so that a handle is a small integer in JavaScript and one
// that outlived its object is refused. Indexes are reused oldest first, and not before some others lie idle.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace efir {

constexpr uint32_t kIndexBits = 20;
constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
constexpr uint32_t kGenerations = 1u << 10;
constexpr uint32_t kNoHandle = 0;

inline uint32_t index_of(uint32_t handle) { return handle & kIndexMask; }

class HandleTable {
 public:
  explicit HandleTable(uint32_t capacity) : capacity_(capacity < kIndexMask ? capacity : kIndexMask) {}

  /// `kNoHandle` when all are taken.
  uint32_t take() {
    uint32_t index;
    bool fresh_left = next_ < capacity_;
    if (!free_.empty() && (free_.size() > kIdle || !fresh_left)) {
      index = free_.front();
      free_.pop_front();
    } else if (fresh_left) {
      index = next_++;
      generation_.push_back(0);
    } else {
      return kNoHandle;
    }
    uint32_t generation = (generation_[index] & (kGenerations - 1)) + 1;
    if (generation == kGenerations) generation = 1;
    generation_[index] = uint16_t(generation | kLive);
    live_++;
    return generation << kIndexBits | index;
  }

  bool valid(uint32_t handle) const {
    uint32_t index = index_of(handle);
    return index < next_ && generation_[index] == (handle >> kIndexBits | kLive);
  }

  /// The handle must be valid.
  void release(uint32_t handle) {
    uint32_t index = index_of(handle);
    generation_[index] = uint16_t(generation_[index] & ~kLive);
    free_.push_back(index);
    live_--;
  }

  uint32_t live() const { return live_; }
  uint32_t capacity() const { return capacity_; }
  /// One above the highest index in use so far.
  uint32_t end() const { return next_; }

 private:
  static constexpr uint16_t kLive = 0x8000;
  static constexpr size_t kIdle = 32;
  uint32_t capacity_;
  uint32_t next_ = 0;
  uint32_t live_ = 0;
  std::vector<uint16_t> generation_;
  std::deque<uint32_t> free_;
};

}  // namespace efir
