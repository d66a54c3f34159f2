#include "daemon/cli/top/watcher.hpp"

#include "daemon/cli/client/command_parts.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace provisr::daemon {
namespace {

/// Returns the body of an answer with status 200; empty otherwise, such as if collection is
/// disabled or the process has ended.
[[nodiscard]] std::string ask(const ApiClient& api, const std::string& route) {
  HttpResponse received = api.get(route);
  return received.status == 200 ? std::move(received.body) : std::string();
}

[[nodiscard]] bool is_chosen(const ProcessReport& process, const std::vector<std::string>& names) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return process.name == name || is_instance_of(process.name, name);
         });
}

}  // namespace

Look poll_server(const ApiClient& api, const std::vector<std::string>& names,
                 const std::vector<std::string>& histories) {
  Look look;
  const std::string status = ask_status(api);
  look.processes = parse_status(status);
  look.machine = parse_machine(status);
  std::erase_if(look.processes, [&](const ProcessReport& one) { return !is_chosen(one, names); });
  const HttpResponse samples = api.get("/metrics");
  if (samples.status == 200) {
    look.samples = parse_samples(samples.body);
  } else {
    look.unmeasured = api.refusal(samples);
  }
  look.exits = parse_exits(ask(api, fmt::format("/exits?since=-{}m", problem_window.count())));
  for (const std::string& name : histories) {
    const std::string answer =
        ask(api, fmt::format("/metrics/history?name={}&fields=cpu_percent,memory_mb,pid&limit={}",
                             name, CpuHistory::longest));
    CpuHistory history = parse_cpu_history(answer);
    if (history.values.empty()) continue;
    look.histories.emplace(name, std::move(history));
    look.memories.emplace(name, parse_memory_history(answer));
  }
  return look;
}

struct Watcher::State {
  State(ApiClient asked, std::vector<std::string> chosen, std::chrono::milliseconds pause)
      : api(std::move(asked)), names(std::move(chosen)), interval(pause) {}

  ApiClient api;
  std::vector<std::string> names;
  std::chrono::milliseconds interval;
  Wakeup wakeup;

  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
  bool has_ended = false;
  std::optional<Look> look;
  std::set<std::string> known;     ///< names that the server has ever listed
  std::set<std::string> seen;      ///< names whose histories were asked for or are wanted
  std::deque<std::string> wanted;  ///< names on the screen whose histories are not asked for yet
  std::deque<std::string> others;  ///< the same for names that are not on the screen

  [[nodiscard]] std::vector<std::string> next_histories() {
    const std::scoped_lock lock(mutex);
    std::vector<std::string> next;
    while (!wanted.empty() && next.size() < histories_a_round) take_from(wanted, next);
    while (!others.empty() && next.size() < histories_a_round) {
      if (!seen.insert(others.front()).second) {
        others.pop_front();
      } else {
        take_from(others, next);
      }
    }
    return next;
  }

  static void take_from(std::deque<std::string>& queue, std::vector<std::string>& next) {
    next.push_back(std::move(queue.front()));
    queue.pop_front();
  }

  /// Queues the histories of new processes, because growth is shown for all, on the screen or not.
  void want_others(const std::vector<ProcessReport>& processes) {
    const std::scoped_lock lock(mutex);
    for (const ProcessReport& process : processes) {
      const bool is_new = known.insert(process.name).second;
      if (is_new && is_valid_process_name(process.name)) others.push_back(process.name);
    }
  }

  [[nodiscard]] Look look_now() {
    try {
      Look made = poll_server(api, names, next_histories());
      want_others(made.processes);
      return made;
    } catch (const std::exception& failure) {
      Look failed;
      failed.failure = failure.what();
      return failed;
    }
  }

  void offer(Look made) {
    const std::scoped_lock lock(mutex);
    if (look) {
      made.histories.merge(look->histories);
      made.memories.merge(look->memories);
    }
    look = std::move(made);
    wakeup.wake();
  }

  /// Waits for the next round. Returns false if there is none.
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex);
    const std::chrono::milliseconds pause = wanted.empty() ? interval : std::min(interval, soon);
    changed.wait_for(lock, pause, [&] { return is_over; });
    return !is_over;
  }

  static constexpr std::chrono::milliseconds soon{200};
};

Watcher::Watcher(ApiClient api, std::vector<std::string> names, std::chrono::milliseconds interval)
    : state_(std::make_shared<State>(std::move(api), std::move(names), interval)) {
  std::thread([state = state_] {
    do {
      state->offer(state->look_now());
    } while (state->wait());
    const std::scoped_lock lock(state->mutex);
    state->has_ended = true;
    state->changed.notify_all();
  }).detach();
}

Watcher::~Watcher() {
  static_cast<void>(stop(std::chrono::milliseconds(0)));
}

bool Watcher::stop(std::chrono::milliseconds patience) {
  std::unique_lock lock(state_->mutex);
  state_->is_over = true;
  state_->changed.notify_all();
  return state_->changed.wait_for(lock, patience, [&] { return state_->has_ended; });
}

Wakeup& Watcher::wakeup() {
  return state_->wakeup;
}

std::optional<Look> Watcher::take() {
  const std::scoped_lock lock(state_->mutex);
  return std::exchange(state_->look, std::nullopt);
}

void Watcher::show(const std::vector<std::string>& names) {
  const std::scoped_lock lock(state_->mutex);
  for (const std::string& name : names) {
    if (!is_valid_process_name(name) || !state_->seen.insert(name).second) continue;
    state_->wanted.push_back(name);
  }
}

}  // namespace provisr::daemon
