// A fixed number of cache-line aligned places whose pages the system gives out when they are first touched.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

namespace efir {

template <class T>
class FlatArray {
 public:
  explicit FlatArray(size_t count) : memory_(calloc(count * sizeof(T) + kLine, 1)) {
    auto at = reinterpret_cast<uintptr_t>(memory_);
    items_ = memory_ ? reinterpret_cast<T*>((at + kLine - 1) & ~(kLine - 1)) : nullptr;
  }
  FlatArray(const FlatArray&) = delete;
  FlatArray& operator=(const FlatArray&) = delete;
  ~FlatArray() { free(memory_); }

  explicit operator bool() const { return items_ != nullptr; }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }
  /// Places hold zeros until made; whoever makes one ends it.
  T& make(size_t i) { return *new (&items_[i]) T(); }
  void end(size_t i) {
    items_[i].~T();
    new (&items_[i]) T();
  }

 private:
  static constexpr uintptr_t kLine = 64;
  void* memory_;
  T* items_;
};

}  // namespace efir
