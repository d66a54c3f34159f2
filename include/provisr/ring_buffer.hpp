#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace provisr {

/// A sequence of at most `capacity()` elements. A push into a full buffer overwrites the oldest
/// element. The constructor allocates all storage; the cost of a push does not depend on the
/// capacity.
///
/// Not thread-safe: use `History` for a ring that can be read while it is written.
template <class T>
class RingBuffer {
 public:
  /// `capacity` is at least 1. Throws std::bad_alloc.
  explicit RingBuffer(std::size_t capacity) : slots_(allocate(capacity)), capacity_(capacity) {
    assert(capacity > 0);
  }

  RingBuffer(RingBuffer&& other) noexcept
      : slots_(std::move(other.slots_)),
        capacity_(std::exchange(other.capacity_, 0)),
        next_(std::exchange(other.next_, 0)),
        size_(std::exchange(other.size_, 0)) {}

  RingBuffer& operator=(RingBuffer&& other) noexcept {
    slots_ = std::move(other.slots_);
    capacity_ = std::exchange(other.capacity_, 0);
    next_ = std::exchange(other.next_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  void push(const T& value) {
    slots_[next_] = value;
    if (++next_ == capacity_) next_ = 0;
    if (size_ < capacity_) ++size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }

  /// Both require !empty().
  [[nodiscard]] const T& oldest() const noexcept { return (*this)[0]; }
  [[nodiscard]] const T& newest() const noexcept { return (*this)[size_ - 1]; }

  /// Returns an element; index 0 is the oldest. Requires index < size().
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
    assert(index < size_);
    const std::size_t position = start() + index;
    return slots_[position < capacity_ ? position : position - capacity_];
  }

  /// Returns all elements, oldest first: those of the first span, then those of the second. Valid
  /// until the next push.
  [[nodiscard]] std::array<std::span<const T>, 2> spans() const noexcept {
    const std::size_t first = std::min(size_, capacity_ - start());
    return {std::span<const T>(slots_.get() + start(), first),
            std::span<const T>(slots_.get(), size_ - first)};
  }

  void clear() noexcept {
    next_ = 0;
    size_ = 0;
  }

 private:
  [[nodiscard]] static std::unique_ptr<T[]> allocate(std::size_t capacity) {
    // Some libraries round an excessive size up to 0 if T is over-aligned.
    constexpr auto largest_size =
        static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
    if (capacity > largest_size / sizeof(T)) throw std::bad_alloc();
    return std::make_unique<T[]>(capacity);
  }

  [[nodiscard]] std::size_t start() const noexcept {
    return next_ >= size_ ? next_ - size_ : next_ + capacity_ - size_;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_;
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace provisr
