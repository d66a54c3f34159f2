#include "daemon/limits/limit_watch.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace provisr::daemon {
namespace {

using std::chrono::nanoseconds;

constexpr DoublingPause::Bounds pause_between_words{std::chrono::minutes(1), std::chrono::hours(1)};
/// At most 10 minutes: a process that leaks fast must not be left alone for an hour.
constexpr DoublingPause::Bounds pause_between_actions{std::chrono::minutes(1),
                                                      std::chrono::minutes(10)};

[[nodiscard]] Figure<double> value_of(LimitFigure figure, const ProcessMetrics& sample) {
  return figure == LimitFigure::memory ? sample.memory_mb() : sample.cpu_percent;
}

[[nodiscard]] LimitBreach breach_of(const std::string& name, LimitFigure figure, double limit,
                                    const BreachTimer::Over& over, LimitAction action) {
  return {.name = name,
          .pid = over.pid,
          .figure = figure,
          .value = over.value,
          .limit = limit,
          .since = over.since,
          .action = action};
}

/// Returns text such as "memory of 612.4 MB".
[[nodiscard]] std::string usage_of(const LimitBreach& breach) {
  const bool is_memory = breach.figure == LimitFigure::memory;
  return fmt::format("{} of {:.1f} {}", is_memory ? "memory" : "CPU usage", breach.value,
                     is_memory ? "MB" : "%");
}

[[nodiscard]] std::string_view unit_of(LimitFigure figure) {
  return figure == LimitFigure::memory ? "MB" : "%";
}

}  // namespace

void LimitWatch::Limit::forget() noexcept {
  timer.forget();
  is_breached = false;
  was_told = false;
}

LimitWatch::Watched LimitWatch::watch(std::string name, const ProcessLimits& config) const {
  Watched watched{.name = std::move(name),
                  .config = config,
                  .limits = {},
                  .actions = DoublingPause(pause_between_actions)};
  BreachCounts before;
  if (actions_.counts_before) before = actions_.counts_before(watched.name);
  const auto add = [&](LimitFigure figure, const std::optional<double>& most) {
    if (!most) return;
    watched.limits.push_back({.figure = figure,
                              .most = *most,
                              .breaches = before.of(figure),
                              .words = DoublingPause(pause_between_words)});
  };
  add(LimitFigure::memory, config.max_memory_mb);
  add(LimitFigure::cpu, config.max_cpu_percent);
  return watched;
}

void LimitWatch::set_processes(const std::vector<ProcessConfig>& processes) {
  const std::lock_guard lock(mutex_);
  std::unordered_map<std::string, Watched> before;
  std::vector<Watched> matches;
  for (Watched& watched : watched_) {
    if (watched.is_match) {
      matches.push_back(std::move(watched));
    } else {
      before.emplace(watched.name, std::move(watched));
    }
  }
  watched_ = std::move(matches);
  for (const ProcessConfig& process : processes) {
    if (process.match || !process.limits.limits_something()) continue;
    for (std::string& name : instance_names(process)) {
      const auto known = before.find(name);
      watched_.push_back(known == before.end()
                             ? watch(std::move(name), process.limits)
                             : continued(std::move(known->second), process.limits));
    }
  }
  publish();
}

void LimitWatch::watch_match(const std::string& name, const ProcessLimits& limits) {
  const std::lock_guard lock(mutex_);
  const auto known = find_match(name);
  if (known != watched_.end()) {
    *known = continued(std::move(*known), limits);
    known->is_match = true;
    if (!limits.limits_something()) watched_.erase(known);
  } else if (limits.limits_something()) {
    watched_.push_back(watch(name, limits));
    watched_.back().is_match = true;
  } else {
    return;
  }
  publish();
}

void LimitWatch::forget_match(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = find_match(name);
  if (known == watched_.end()) return;
  watched_.erase(known);
  publish();
}

std::vector<LimitWatch::Watched>::iterator LimitWatch::find_match(const std::string& name) {
  return std::find_if(watched_.begin(), watched_.end(), [&](const Watched& watched) {
    return watched.is_match && watched.name == name;
  });
}

LimitWatch::Watched LimitWatch::continued(Watched before, const ProcessLimits& config) const {
  if (before.config == config) return before;
  const bool is_judged_alike = before.config.breach_duration == config.breach_duration &&
                               before.config.action == config.action;
  Watched watched = watch(std::move(before.name), config);
  for (Limit& limit : watched.limits) {
    const auto same = std::find_if(before.limits.begin(), before.limits.end(),
                                   [&](const Limit& one) { return one.figure == limit.figure; });
    if (same == before.limits.end()) continue;
    if (is_judged_alike && same->most == limit.most) {
      limit = std::move(*same);
    } else {
      limit.breaches = same->breaches;
    }
  }
  return watched;
}

void LimitWatch::set_interval(nanoseconds interval) {
  const std::lock_guard lock(mutex_);
  interval_ = interval;
}

void LimitWatch::forget_breaches() {
  const std::lock_guard lock(mutex_);
  for (Watched& watched : watched_) {
    for (Limit& limit : watched.limits) limit.forget();
  }
  publish_breaches();
}

LimitReport LimitWatch::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

void LimitWatch::on_tick(const Snapshot& snapshot) {
  Events events;
  {
    const std::lock_guard lock(mutex_);
    const MonotonicTime now = clock_->monotonic_now();
    for (Watched& watched : watched_) {
      const auto process = snapshot.find(watched.name);
      if (process && process->running()) {
        judge(watched, process->metrics(), now, events);
      } else {
        for (Limit& limit : watched.limits) limit.forget();
      }
    }
    const bool has_new_breach = std::any_of(events.begin(), events.end(), [](const Event& event) {
      return event.kind == Event::Kind::began;
    });
    if (has_new_breach)
      publish();
    else
      publish_breaches();
  }
  for (const Event& event : events) do_what_follows(event);
}

void LimitWatch::judge(Watched& watched, const ProcessMetrics& sample, MonotonicTime now,
                       Events& events) {
  for (Limit& limit : watched.limits) {
    judge(watched, limit,
          {.pid = sample.pid,
           .value = value_of(limit.figure, sample),
           .taken_at = now,
           .timestamp = sample.timestamp},
          events);
  }
}

void LimitWatch::judge(Watched& watched, Limit& limit, const BreachTimer::Sample& sample,
                       Events& events) {
  const bool is_another = limit.timer.is_over() && limit.timer.over().pid != sample.pid;
  if (is_another) limit.forget();
  if (!sample.value) return;
  if (*sample.value <= limit.most && limit.is_breached) {
    BreachTimer::Over ended = limit.timer.over();
    ended.value = *sample.value;
    events.push_back(
        {.kind = Event::Kind::ended,
         .breach = breach_of(watched.name, limit.figure, limit.most, ended, watched.config.action),
         .lasted = ended.lasted,
         .is_told = limit.was_told});
    limit.forget();
  }
  limit.timer.note(sample, limit.most, 2 * interval_);
  if (!limit.timer.is_over()) return;
  const nanoseconds needed = watched.config.breach_duration;
  const bool one_is_enough = needed < interval_;
  if (one_is_enough || limit.timer.over().lasted >= needed) {
    note_breach(watched, limit, sample.taken_at, events);
  }
}

void LimitWatch::note_breach(Watched& watched, Limit& limit, MonotonicTime now, Events& events) {
  const BreachTimer::Over& over = limit.timer.over();
  const bool is_new = !std::exchange(limit.is_breached, true);
  if (is_new) ++limit.breaches;
  const bool may_act = watched.config.action != LimitAction::log;
  const nanoseconds wait = may_act ? wait_of(watched, over.pid, now) : nanoseconds::zero();
  const bool acts = may_act && wait == nanoseconds::zero();
  // If the action must wait, this is logged at least once for each process.
  const bool is_news = wait > nanoseconds::zero() && limit.told_of != over.pid;
  const bool is_told = acts || is_news || limit.words.left(now) <= nanoseconds::zero();
  if (!is_new && !is_told) return;
  const nanoseconds slack = watched.config.breach_duration + 2 * interval_;
  if (is_told) {
    limit.words.note(now, slack);
    limit.was_told = true;
    limit.told_of = over.pid;
  }
  events.push_back(
      {.kind = is_new ? Event::Kind::began : Event::Kind::goes_on,
       .breach = breach_of(watched.name, limit.figure, limit.most, over, watched.config.action),
       .lasted = over.lasted,
       .is_told = is_told,
       .acts = acts,
       .wait = wait});
  if (!acts) return;
  watched.actions.note(now, slack);
  watched.acted_on = over.pid;
}

nanoseconds LimitWatch::wait_of(const Watched& watched, ProcessId pid, MonotonicTime now) {
  // Only a command starts a stopped process again, so there can be no loop that needs a pause.
  const bool is_started_by_hand =
      watched.config.action == LimitAction::stop && watched.acted_on != pid;
  if (is_started_by_hand) return nanoseconds::zero();
  return std::max(watched.actions.left(now), nanoseconds::zero());
}

void LimitWatch::publish() {
  auto counts = std::make_shared<LimitReport::Counts>();
  for (const Watched& watched : watched_) {
    for (const Limit& limit : watched.limits) {
      counts->push_back({.name = watched.name,
                         .figure = limit.figure,
                         .count = limit.breaches,
                         .limit = limit.most});
    }
  }
  report_.counts = std::move(counts);
  publish_breaches();
}

void LimitWatch::publish_breaches() {
  LimitReport::Breaches open;
  for (const Watched& watched : watched_) {
    for (const Limit& limit : watched.limits) {
      if (!limit.is_breached) continue;
      open.push_back(breach_of(watched.name, limit.figure, limit.most, limit.timer.over(),
                               watched.config.action));
    }
  }
  if (open == *report_.open) return;
  report_.open = std::make_shared<const LimitReport::Breaches>(std::move(open));
}

void LimitWatch::do_what_follows(const Event& event) const {
  if (event.is_told) tell(event);
  if (event.acts) act(event.breach);
  if (event.kind == Event::Kind::began && actions_.on_breach) actions_.on_breach(event.breach);
}

void LimitWatch::tell(const Event& event) const {
  const LimitBreach& breach = event.breach;
  const std::string limit = fmt::format("limit of {} {}", breach.limit, unit_of(breach.figure));
  if (event.kind == Event::Kind::ended) {
    return log_->info("{}: {} is within the {} again, after {} over it", breach.name,
                      usage_of(breach), limit, format_elapsed(event.lasted));
  }
  const bool is_put_off = event.wait > nanoseconds::zero();
  log_->warn("{}: {} is {}over the {}, since {}; action: {}{}", breach.name, usage_of(breach),
             event.kind == Event::Kind::goes_on ? "still " : "", limit, rfc3339(breach.since),
             to_text(breach.action),
             is_put_off ? fmt::format(", put off for {} because it was taken recently",
                                      format_elapsed(event.wait))
                        : "");
}

void LimitWatch::act(const LimitBreach& breach) const {
  const bool restarts = breach.action == LimitAction::restart;
  Command command{.verb = restarts ? Command::Verb::restart : Command::Verb::stop,
                  .target = breach.name,
                  .pid = breach.pid,
                  .reason = ExitReason::limit};
  const auto tell_failure = [log = log_, name = breach.name, restarts](const CommandReply& reply) {
    if (reply.error.empty()) return;
    const bool is_gone = reply.outcome == CommandReply::Outcome::unknown;
    log->write(is_gone ? LogLevel::debug : LogLevel::warn,
               fmt::format("{}: {} for its limit failed: {}", name, restarts ? "restart" : "stop",
                           reply.error));
  };
  actions_.submit(std::move(command), tell_failure);
}

}  // namespace provisr::daemon
