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

/// What has happened lately, for any number of listeners. It keeps the last events once for all of
/// them, and each listener only remembers how far it has come: one that does not read costs
/// nothing, and its stream ends once it has missed an event.
///
/// Ids rise. They begin with the microseconds since 1970, so that they rise over restarts of the
/// daemon as well.
///
/// Thread safety: all members may be called concurrently.
class EventHub {
 public:
  struct Limits {
    std::size_t events = 1024;  ///< kept, ticks aside
    std::size_t ticks = 64;     ///< kept
    std::size_t streams = 64;   ///< at once
  };

  EventHub() : EventHub(Limits(), Clock::system()) {}
  EventHub(Limits limits, const Clock& clock);

  /// Calls `wake` after each event that somebody listens for, on the thread that publishes it, as
  /// long as the object lives. `wake` must neither block nor throw.
  class Waker {
   public:
    /// `hub` must outlive it.
    Waker(EventHub& hub, std::function<void()> wake);
    ~Waker();
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

   private:
    friend class EventHub;
    EventHub* hub_;
    std::function<void()> wake_;
  };

  /// `data` is one line of JSON.
  void publish(std::string_view kind, std::string_view data);
  /// The same of a tick, which only listeners get that ask for ticks, and of which few are kept.
  void publish_tick(std::string_view data);
  [[nodiscard]] bool has_tick_listeners() const;

  struct Wish {
    bool has_ticks = false;
    /// The last event that the listener knows; empty: it wants what comes from now on. What is not
    /// kept any more is left out.
    std::optional<std::uint64_t> last_id = std::nullopt;
  };
  /// A stream of server-sent events; empty if there are too many. The hub must outlive it.
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
  void leave(bool has_ticks);

  Limits limits_;
  std::mutex wakers_mutex_;
  std::vector<const Waker*> wakers_;  ///< guarded by wakers_mutex_
  mutable std::mutex mutex_;          ///< guards what follows
  std::uint64_t last_id_;
  std::uint64_t last_dropped_ = 0;  ///< the newest event that is not kept, ticks aside
  Events events_;
  Events ticks_;
  std::size_t streams_ = 0;
  std::size_t tick_streams_ = 0;
};

}  // namespace provisr::daemon
