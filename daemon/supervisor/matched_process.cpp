#include "daemon/supervisor/matched_process.hpp"

#include "daemon/supervisor/deadlines.hpp"

#include <utility>

namespace provisr::daemon {

MatchedProcess::MatchedProcess(std::string name, SampleScope scope,
                               std::chrono::nanoseconds look_interval,
                               const ProcessServices& services)
    : look_interval_(look_interval),
      services_(services),
      run_(std::move(name), ProcessKind::match, scope, services) {
  run_.set_error("no process matches");
}

void MatchedProcess::update(const Moment& now) {
  run_.look(now);
  set_next_look(now);
  if (run_.runs()) return;
  if (process_) ended_ = std::exchange(process_, std::nullopt);
}

void MatchedProcess::note_end(const Moment& now) {
  run_.note_end(now);
  update(now);
}

/// An announced end needs no looks.
void MatchedProcess::set_next_look(const Moment& now) {
  const bool is_needed = run_.awaits_record() || !run_.is_end_announced();
  next_look_ = is_needed ? next_shared_moment(now.monotonic, look_interval_) : MonotonicTime::max();
}

void MatchedProcess::take_over(const RememberedProcess& before, const Moment& /*now*/) {
  run_.take_over(before);
}

void MatchedProcess::shut_down(const Moment& /*now*/) {
  run_.flush_record();
}

MonotonicTime MatchedProcess::next_deadline() const {
  return run_.runs() || run_.awaits_record() ? next_look_ : MonotonicTime::max();
}

std::error_code MatchedProcess::follow(const ProcessKey& process, const Moment& now) {
  const std::error_code error = run_.follow(
      process.pid, now, [&] { return services_.start_of(process.pid) == process.started_at; });
  if (error) return error;
  process_ = process;
  set_next_look(now);
  return {};
}

void MatchedProcess::release() {
  run_.release("the process is something else by now");
  process_.reset();
}

std::optional<ProcessKey> MatchedProcess::take_ended() {
  return std::exchange(ended_, std::nullopt);
}

}  // namespace provisr::daemon
