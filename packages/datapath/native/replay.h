// Which packet indexes were seen: a ring of bit words (the scheme of RFC 6479), so that going on by one touches one word.
// The window reaches back at least (Words - 1) * 64 indexes; what is older counts as seen.
#pragma once

#include <cstdint>
#include <cstring>

namespace efir {

template <uint32_t Words>
class ReplayWindow {
  static_assert((Words & (Words - 1)) == 0, "a power of two");

 public:
  bool empty() const { return !any_; }
  uint64_t highest() const { return highest_; }

  bool seen(uint64_t index) const {
    if (!any_ || index > highest_) return false;
    if ((highest_ >> 6) - (index >> 6) >= Words) return true;
    return (words_[(index >> 6) & (Words - 1)] >> (index & 63)) & 1;
  }

  void mark(uint64_t index) {
    if (!any_) {
      memset(words_, 0, sizeof(words_));
      highest_ = index;
      any_ = true;
    } else if (index > highest_) {
      uint64_t from = highest_ >> 6;
      uint64_t steps = (index >> 6) - from;
      if (steps > Words) steps = Words;
      for (uint64_t i = 1; i <= steps; i++) words_[(from + i) & (Words - 1)] = 0;
      highest_ = index;
    } else if ((highest_ >> 6) - (index >> 6) >= Words) {
      return;
    }
    words_[(index >> 6) & (Words - 1)] |= uint64_t(1) << (index & 63);
  }

  /// Everything up to and including `index` counts as seen.
  void mark_all_up_to(uint64_t index) {
    memset(words_, 0xff, sizeof(words_));
    uint32_t above = 63 - uint32_t(index & 63);
    words_[(index >> 6) & (Words - 1)] = ~uint64_t(0) >> above;
    highest_ = index;
    any_ = true;
  }

 private:
  uint64_t highest_ = 0;
  bool any_ = false;
  uint64_t words_[Words] = {};
};

/// The 48-bit packet index of a sequence number, guessed from the highest index so far (RFC 3711 section 3.3.1).
/// Negative when it would lie before the stream's beginning.
inline int64_t guess_index(uint64_t highest, uint16_t sequence) {
  int64_t roll_over = int64_t(highest >> 16);
  int32_t last = int32_t(highest & 0xffff);
  int32_t gap = int32_t(sequence) - last;
  if (last < 0x8000) {
    if (gap > 0x8000) roll_over -= 1;
  } else if (gap < -0x8000) {
    roll_over += 1;
  }
  return roll_over * 65536 + sequence;
}

}  // namespace efir
