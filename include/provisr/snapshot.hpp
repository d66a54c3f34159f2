#pragma once

#include <provisr/detail/snapshot_pool.hpp>
#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/process_name.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr {

/// The latest samples of all processes as of one tick: an immutable view, sorted by name. Taking,
/// copying or holding a snapshot slows down no other thread. It stays valid after later ticks and
/// after the registry is destroyed.
///
/// Thread safety: different objects from different threads, like std::shared_ptr<const T>.
class Snapshot {
 public:
  /// One name of a snapshot. Valid as long as the snapshot.
  class Process {
   public:
    [[nodiscard]] std::string_view name() const noexcept { return entry_->name; }

    /// Returns whether the name had a living process at the tick.
    [[nodiscard]] bool running() const noexcept { return slot_->running; }

    /// Returns whether only the history of the name is left: see BasicRegistry::retire(). A retired
    /// name is not running.
    [[nodiscard]] bool retired() const noexcept { return entry_->is_retired; }

    /// Returns the sample of the tick; requires running().
    [[nodiscard]] const ProcessMetrics& metrics() const noexcept { return slot_->metrics; }

    /// As metrics(), with the further figures; requires running(). Pass it to FigureAt::of(), or
    /// read `sample().more[further_slot<figures>("io_read_bytes")]` if that figure is collected.
    [[nodiscard]] SampleView sample() const noexcept { return {slot_->metrics, more_}; }

    /// Returns the PID of the process if this tick found that it has ended; otherwise empty.
    [[nodiscard]] std::optional<ProcessId> vanished_pid() const noexcept {
      if (!slot_->vanished) return std::nullopt;
      return slot_->metrics.pid;
    }

    /// Returns the newest sample up to this snapshot, even if the name is not running; empty if
    /// none.
    [[nodiscard]] std::optional<ProcessMetrics> newest() const {
      std::vector<ProcessMetrics> samples;
      entry_->history->read_last(slot_->history_end, 1, samples);
      return samples.empty() ? std::nullopt : std::optional(samples.front());
    }

    /// Returns the samples up to this snapshot, oldest first, even if the name is not running. The
    /// ticks after the snapshot overwrite the oldest; none may be left of a snapshot that is held
    /// for longer than the history lasts, and BasicRegistry::reset_history() discards all.
    [[nodiscard]] std::vector<ProcessMetrics> history() const {
      std::vector<ProcessMetrics> samples;
      history(samples);
      return samples;
    }

    /// As history(), but appends to `samples`.
    void history(std::vector<ProcessMetrics>& samples) const {
      entry_->history->read_until(slot_->history_end, samples);
    }

    /// Returns a view for reading the same samples in parts; the view does not hold the snapshot.
    [[nodiscard]] HistoryView history_view() const { return {entry_->history, slot_->history_end}; }

   private:
    friend class Snapshot;
    Process(const detail::Roster::Entry& entry, const detail::SnapshotSlot& slot,
            std::span<const Figure<std::uint64_t>> more) noexcept
        : entry_(&entry), slot_(&slot), more_(more) {}

    const detail::Roster::Entry* entry_;
    const detail::SnapshotSlot* slot_;
    std::span<const Figure<std::uint64_t>> more_;
  };

  class Iterator {
   public:
    using value_type = Process;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    [[nodiscard]] Process operator*() const noexcept { return (*snapshot_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) noexcept = default;

   private:
    friend class Snapshot;
    Iterator(const Snapshot& snapshot, std::size_t index) noexcept
        : snapshot_(&snapshot), index_(index) {}

    const Snapshot* snapshot_ = nullptr;
    std::size_t index_ = 0;
  };

  /// Returns the number of names, running or not.
  [[nodiscard]] std::size_t size() const noexcept { return buffer_->roster->size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Returns a process in the order of the names; requires index < size().
  [[nodiscard]] Process operator[](std::size_t index) const noexcept {
    return {(*buffer_->roster)[index], buffer_->slots[index],
            std::as_const(*buffer_).more_of(index)};
  }
  [[nodiscard]] Iterator begin() const noexcept { return {*this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {*this, size()}; }

  /// Finds a name in constant time; empty if it is unknown.
  [[nodiscard]] std::optional<Process> find(std::string_view name) const noexcept {
    const auto index = buffer_->roster->find(name);
    if (!index) return std::nullopt;
    return (*this)[*index];
  }

  /// Calls `visit(Process)` for each instance of `base`, in the order of the names.
  template <class Visitor>
  void for_each_instance(std::string_view base, Visitor&& visit) const {
    const auto [first, last] = buffer_->roster->with_prefix(base);
    for (std::size_t i = first; i < last; ++i) {
      if (is_instance_of((*buffer_->roster)[i].name, base)) visit((*this)[i]);
    }
  }

  /// Returns when the tick began; the epoch before the first tick.
  [[nodiscard]] Timestamp taken_at() const noexcept { return buffer_->taken_at; }

  /// Returns the number of the tick: 1 for the registry's first, 0 before it.
  [[nodiscard]] std::uint64_t tick() const noexcept { return buffer_->tick; }

  /// Returns a number that grows with every tick, every change of the set of names and every
  /// BasicRegistry::reset_history(). Two snapshots of one registry with the same revision have the
  /// same names, states and samples, so results may be cached by revision. Only the histories can
  /// differ: BasicRegistry::record() and later ticks overwrite the oldest samples of a full one.
  [[nodiscard]] std::uint64_t revision() const noexcept { return buffer_->revision; }

 private:
  template <class>
  friend class BasicRegistry;

  explicit Snapshot(detail::SnapshotHold buffer) noexcept : buffer_(std::move(buffer)) {}

  detail::SnapshotHold buffer_;
};

static_assert(std::input_iterator<Snapshot::Iterator>);

}  // namespace provisr
