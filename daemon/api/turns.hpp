#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace provisr::daemon {

/// A queue of answers that need much memory while they are made. They are made one after the other,
/// so that their memory does not add up.
///
/// Thread safety: all members may be called concurrently.
class Turns {
 public:
  static constexpr std::size_t most_waiting = 128;

  /// A place in the queue, which its destructor leaves.
  class Place {
   public:
    ~Place() {
      if (id_ != 0) turns_->leave(id_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Returns whether all that came earlier have left.
    [[nodiscard]] bool has_come() const { return turns_->is_first(id_); }
    /// Asks that the holder of the place is called again soon.
    void call_again() const { turns_->wake(); }

   private:
    friend class Turns;
    explicit Place(std::shared_ptr<Turns> turns) : turns_(std::move(turns)) {}

    std::shared_ptr<Turns> turns_;
    std::uint64_t id_ = 0;  ///< 0: not in the queue
  };

  /// Returns the last place of the queue; null if too many wait.
  [[nodiscard]] static std::shared_ptr<Place> join(const std::shared_ptr<Turns>& turns);

  /// While it lives, calls `wake` when those who wait must be asked again. `wake` must neither
  /// block nor throw, nor call the turns.
  class Waker {
   public:
    Waker(std::shared_ptr<Turns> turns, std::function<void()> wake);
    ~Waker();
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

   private:
    std::shared_ptr<Turns> turns_;
  };

 private:
  [[nodiscard]] bool is_first(std::uint64_t id) const;
  void leave(std::uint64_t id);
  void wake();

  mutable std::mutex mutex_;          ///< guards all members below
  std::deque<std::uint64_t> places_;  ///< in the order in which they came
  std::uint64_t last_id_ = 0;
  std::function<void()> wake_;
};

}  // namespace provisr::daemon
