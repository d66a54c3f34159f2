#include "daemon/api/event_hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace provisr::daemon {
namespace {

/// The most events in one piece of a stream.
constexpr std::size_t events_in_a_row = 128;

/// How long ticks are published for a listener that has left.
constexpr std::chrono::minutes tick_patience{1};

}  // namespace

/// The position of one listener.
class EventHub::Stream {
 public:
  Stream(EventHub& hub, bool has_ticks) : hub_(&hub), has_ticks_(has_ticks) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (last_id_) hub_->leave(has_ticks_);
  }

  /// The stream counts as one of the hub from now on.
  void begin_after(std::uint64_t id) { last_id_ = id; }

  [[nodiscard]] PullResult pull(std::string& piece) {
    const News news = hub_->after(*last_id_, has_ticks_);
    if (news.has_gap) return PullResult::end;
    if (news.events.empty()) return PullResult::later;
    for (const auto& event : news.events) piece += event->text;
    last_id_ = news.events.back()->id;
    return PullResult::piece;
  }

 private:
  EventHub* hub_;
  bool has_ticks_;
  std::optional<std::uint64_t> last_id_;
};

EventHub::Waker::Waker(EventHub& hub, std::function<void()> wake)
    : hub_(&hub), wake_(std::move(wake)) {
  const std::lock_guard lock(hub.wakers_mutex_);
  hub.wakers_.push_back(this);
}

EventHub::Waker::~Waker() {
  const std::lock_guard lock(hub_->wakers_mutex_);
  std::erase(hub_->wakers_, this);
}

EventHub::EventHub(Limits limits, const Clock& clock) : limits_(limits), clock_(&clock) {
  using std::chrono::microseconds;
  const auto since_epoch = clock.utc_now().time_since_epoch();
  last_id_ =
      static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(since_epoch).count());
  last_dropped_ = last_id_;
}

void EventHub::publish(std::string_view kind, std::string_view data) {
  if (add(events_, limits_.events, kind, data, true)) wake_listeners();
}

void EventHub::publish_tick(std::string_view data) {
  if (add(ticks_, limits_.ticks, "tick", data, false)) wake_listeners();
}

/// Calls the wakers with the lock held, so that no waker can be destroyed meanwhile.
void EventHub::wake_listeners() {
  const std::lock_guard lock(wakers_mutex_);
  for (const Waker* const waker : wakers_) waker->wake_();
}

/// Adds an event. Returns whether anybody listens for it.
bool EventHub::add(Events& events, std::size_t most, std::string_view kind, std::string_view data,
                   bool is_for_all) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = last_id_ + 1;
  events.push_back(std::make_shared<const Event>(
      Event{id, fmt::format("event: {}\nid: {}\ndata: {}\n\n", kind, id, data)}));
  last_id_ = id;
  if (events.size() > most) {
    if (is_for_all) last_dropped_ = events.front()->id;
    events.pop_front();
  }
  return (is_for_all ? streams_ : tick_streams_) > 0;
}

bool EventHub::wants_ticks() const {
  const std::lock_guard lock(mutex_);
  return tick_streams_ > 0 || clock_->monotonic_now() < ticks_wanted_until_;
}

/// Allocates before it takes the lock, which the destructor of a stream takes, too.
HttpSource EventHub::listen(const Wish& wish) {
  const auto stream = std::make_shared<Stream>(*this, wish.has_ticks);
  HttpSource source = [stream](std::string& piece) { return stream->pull(piece); };
  return enter(*stream, wish) ? std::move(source) : nullptr;
}

bool EventHub::enter(Stream& stream, const Wish& wish) {
  const std::lock_guard lock(mutex_);
  if (streams_ >= limits_.streams) return false;
  const std::uint64_t wished = wish.last_id.value_or(last_id_);
  stream.begin_after(wished > last_id_ ? last_dropped_ : std::max(wished, last_dropped_));
  ++streams_;
  if (wish.has_ticks) ++tick_streams_;
  return true;
}

void EventHub::leave(bool has_ticks) {
  const std::lock_guard lock(mutex_);
  --streams_;
  if (!has_ticks) return;
  --tick_streams_;
  ticks_wanted_until_ = clock_->monotonic_now() + tick_patience;
}

EventHub::News EventHub::after(std::uint64_t id, bool has_ticks) const {
  const auto is_known = [](std::uint64_t known, const auto& event) { return known < event->id; };
  const std::lock_guard lock(mutex_);
  News news;
  news.has_gap = id < last_dropped_;
  if (news.has_gap) return news;
  const auto event = std::upper_bound(events_.begin(), events_.end(), id, is_known);
  const auto tick =
      has_ticks ? std::upper_bound(ticks_.begin(), ticks_.end(), id, is_known) : ticks_.end();
  std::merge(event, events_.end(), tick, ticks_.end(), std::back_inserter(news.events),
             [](const auto& a, const auto& b) { return a->id < b->id; });
  if (news.events.size() > events_in_a_row) news.events.resize(events_in_a_row);
  return news;
}

}  // namespace provisr::daemon
