#pragma once

#include "daemon/http/answer.hpp"

#include <provisr/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A hub that distributes recent events to any number of listeners. It stores each event once, and
/// a listener only remembers its position. A listener that does not read costs nothing; its stream
/// ends once it has missed an event.
///
/// Ids increase. They start at the microseconds since 1970, so that they also increase across
/// restarts of the daemon, unless the wall clock was set back.
///
/// Thread safety: all members may be called concurrently.
class EventHub {
 public:
  struct Limits {
    std::size_t events = 1024;  ///< kept, apart from ticks
    std::size_t ticks = 64;     ///< kept
    std::size_t streams = 64;   ///< at once
  };

  EventHub() : EventHub(Limits(), Clock::system()) {}
  /// `clock` must outlive the hub.
  EventHub(Limits limits, const Clock& clock);

  /// While it lives, calls `wake` after each event that has a listener, on the thread that
  /// publishes the event. `wake` must neither block nor throw.
  class Waker {
   public:
    /// `hub` must outlive the waker.
    Waker(EventHub& hub, std::function<void()> wake);
    ~Waker();
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

   private:
    friend class EventHub;
    EventHub* hub_;
    std::function<void()> wake_;
  };

  /// Publishes an event. `data` is one line of JSON.
  void publish(std::string_view kind, std::string_view data);
  /// Publishes a tick. Only listeners that asked for ticks get it, and only few ticks are kept.
  void publish_tick(std::string_view data);
  /// Returns whether somebody listens for ticks, or has done so lately and may come back.
  [[nodiscard]] bool wants_ticks() const;

  struct Wish {
    bool has_ticks = false;
    /// The last event that the listener knows; empty if it wants new events only. Events that are
    /// no longer kept are left out. An id that was not given yet is of an earlier daemon, before
    /// the wall clock was set back: the listener gets all that are kept.
    std::optional<std::uint64_t> last_id = std::nullopt;
  };
  /// Returns a stream of server-sent events; empty if there are too many. The hub must outlive it.
  [[nodiscard]] HttpSource listen(const Wish& wish);

 private:
  struct Event {
    std::uint64_t id;
    std::string text;  ///< as it is sent
  };
  using Events = std::deque<std::shared_ptr<const Event>>;
  struct News {
    bool has_gap = false;
    std::vector<std::shared_ptr<const Event>> events;
  };
  class Stream;

  [[nodiscard]] bool add(Events& events, std::size_t most, std::string_view kind,
                         std::string_view data, bool is_for_all);
  void wake_listeners();
  [[nodiscard]] News after(std::uint64_t id, bool has_ticks) const;
  [[nodiscard]] bool enter(Stream& stream, const Wish& wish);
  void leave(bool has_ticks);

  Limits limits_;
  const Clock* clock_;
  std::mutex wakers_mutex_;
  std::vector<const Waker*> wakers_;  ///< guarded by wakers_mutex_
  mutable std::mutex mutex_;          ///< guards all members below
  std::uint64_t last_id_;
  std::uint64_t last_dropped_ = 0;  ///< the newest dropped event, apart from ticks
  Events events_;
  Events ticks_;
  std::size_t streams_ = 0;
  std::size_t tick_streams_ = 0;
  MonotonicTime ticks_wanted_until_ = MonotonicTime::min();  ///< if nobody listens for them
};

}  // namespace provisr::daemon
