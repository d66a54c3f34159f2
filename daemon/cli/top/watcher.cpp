#include "daemon/cli/top/watcher.hpp"

#include "daemon/cli/client/command_parts.hpp"
#include "daemon/cli/top/history_queue.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace provisr::daemon {
namespace {

/// Returns the body of an answer with status 200; empty otherwise, such as if collection is
/// disabled or the process has ended.
[[nodiscard]] std::string body_of(HttpResponse received) {
  return received.status == 200 ? std::move(received.body) : std::string();
}

void ask_history(const ApiClient& api, const std::string& name, Look& look) {
  HttpResponse received =
      api.get(fmt::format("/metrics/history?name={}&fields=cpu_percent,memory_mb,pid&limit={}",
                          name, CpuHistory::longest));
  if (received.status != 200 && received.status != 404) look.unanswered.push_back(name);
  const std::string answer = body_of(std::move(received));
  CpuHistory history = parse_cpu_history(answer);
  if (history.values.empty()) return;
  look.histories.emplace(name, std::move(history));
  look.memories.emplace(name, parse_memory_history(answer));
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
  look.exits =
      parse_exits(body_of(api.get(fmt::format("/exits?since=-{}m", problem_window.count()))));
  if (look.unmeasured.empty()) {
    for (const std::string& name : histories) ask_history(api, name, look);
  } else {
    look.unanswered = histories;
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
  std::map<std::string, CpuHistory> histories;  ///< for the next look that is not a failure
  std::map<std::string, MemoryHistory> memories;
  HistoryQueue queue;

  [[nodiscard]] std::vector<std::string> next_histories() {
    const std::scoped_lock lock(mutex);
    return queue.next();
  }

  void note_listed(const Look& made) {
    std::set<std::string> listed;
    for (const ProcessReport& process : made.processes) listed.insert(process.name);
    const std::scoped_lock lock(mutex);
    queue.put_back(made.unanswered);
    queue.list(std::move(listed));
  }

  void note_failed(const std::vector<std::string>& asked) {
    const std::scoped_lock lock(mutex);
    queue.put_back(asked);
  }

  [[nodiscard]] Look look_now() {
    const std::vector<std::string> asked = next_histories();
    try {
      Look made = poll_server(api, names, asked);
      note_listed(made);
      return made;
    } catch (const std::exception& failure) {
      note_failed(asked);
      Look failed;
      failed.failure = failure.what();
      return failed;
    }
  }

  void offer(Look made) {
    const std::scoped_lock lock(mutex);
    made.histories.merge(histories);
    made.memories.merge(memories);
    histories = std::exchange(made.histories, {});
    memories = std::exchange(made.memories, {});
    look = std::move(made);
    wakeup.wake();
  }

  /// A failure has no room for histories: they wait.
  [[nodiscard]] std::optional<Look> take() {
    const std::scoped_lock lock(mutex);
    std::optional<Look> taken = std::exchange(look, std::nullopt);
    if (taken && taken->failure.empty()) {
      taken->histories = std::exchange(histories, {});
      taken->memories = std::exchange(memories, {});
    }
    return taken;
  }

  /// Waits for the next round. Returns false if there is none.
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex);
    const std::chrono::milliseconds pause = queue.is_urgent() ? std::min(interval, soon) : interval;
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
  return state_->take();
}

void Watcher::show(const std::vector<std::string>& names) {
  const std::scoped_lock lock(state_->mutex);
  state_->queue.show(names);
}

}  // namespace provisr::daemon
