#pragma once

#include <provisr/detail/roster.hpp>
#include <provisr/process_metrics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace provisr::detail {

/// The latest sample of one name, and where its history stood at that moment.
struct SnapshotSlot {
  ProcessMetrics metrics;
  std::uint64_t history_end = 0;
  bool running = false;
};

/// What a Snapshot shows. Written by one registry while nobody looks, then read by many.
struct SnapshotBuffer {
  std::atomic<std::uint32_t> references{1};  ///< one is the pool's
  std::shared_ptr<const Roster> roster;
  std::vector<SnapshotSlot> slots;  ///< one for each entry of the roster
  Timestamp taken_at{};
  std::uint64_t tick = 0;
  std::uint64_t revision = 0;

  void release() noexcept {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

/// The buffers of one registry: one is current, the others are held by readers or free to be
/// filled. Readers take the current one without a lock and hold it as long as they like.
///
/// Thread safety: acquire_current at any time from any thread; the rest by one thread at a time.
///
/// A reader first counts itself into the buffer it saw as current, then looks again whether it
/// still is. The writer replaces the current buffer first and looks at the count later, before it
/// reuses the old one. As all four steps are sequentially consistent, either the reader sees that
/// the buffer is no longer current or the writer sees that it is held. Buffers are never freed
/// before the pool, so the count of an outdated one may be touched safely.
class SnapshotPool {
 public:
  SnapshotPool() : current_(add_buffer()) {}
  SnapshotPool(const SnapshotPool&) = delete;
  SnapshotPool& operator=(const SnapshotPool&) = delete;

  /// Buffers that snapshots still hold live on until the last of those is gone.
  ~SnapshotPool() {
    for (SnapshotBuffer* buffer : buffers_) buffer->release();
  }

  /// The current buffer, counted for the caller, who must release() it.
  [[nodiscard]] SnapshotBuffer& acquire_current() const noexcept {
    for (;;) {
      SnapshotBuffer* const buffer = current_.load(std::memory_order_acquire);
      buffer->references.fetch_add(1, std::memory_order_seq_cst);
      if (current_.load(std::memory_order_seq_cst) == buffer) return *buffer;
      buffer->references.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  [[nodiscard]] const SnapshotBuffer& current() const noexcept {
    return *current_.load(std::memory_order_relaxed);
  }

  /// A buffer that nobody reads, sized for `roster`; allocates only where all are held or where
  /// the roster has changed. Throws std::bad_alloc.
  [[nodiscard]] SnapshotBuffer& free_buffer(const std::shared_ptr<const Roster>& roster) {
    drop_outdated(roster);
    SnapshotBuffer& buffer = find_free();
    if (buffer.roster != roster) {
      buffer.slots.resize(roster->size());
      buffer.roster = roster;
    }
    return buffer;
  }

  void make_current(SnapshotBuffer& buffer) noexcept {
    buffer.revision = current().revision + 1;
    current_.store(&buffer, std::memory_order_seq_cst);
  }

 private:
  [[nodiscard]] bool is_free(const SnapshotBuffer& buffer) const noexcept {
    return &buffer != &current() && buffer.references.load(std::memory_order_seq_cst) == 1;
  }

  /// A buffer that is seldom needed must not keep alive the histories of names long gone.
  void drop_outdated(const std::shared_ptr<const Roster>& roster) noexcept {
    for (SnapshotBuffer* buffer : buffers_) {
      if (is_free(*buffer) && buffer->roster != roster) buffer->roster.reset();
    }
  }

  SnapshotBuffer& find_free() {
    for (SnapshotBuffer* buffer : buffers_) {
      if (is_free(*buffer)) return *buffer;
    }
    return *add_buffer();
  }

  SnapshotBuffer* add_buffer() {
    auto buffer = std::make_unique<SnapshotBuffer>();
    buffers_.push_back(buffer.get());
    return buffer.release();
  }

  std::vector<SnapshotBuffer*> buffers_;
  std::atomic<SnapshotBuffer*> current_;
};

}  // namespace provisr::detail
