#include "daemon/supervisor/pid_file_desk.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::seconds retry_interval{1};
constexpr std::size_t max_blocked = 64;

}  // namespace

PidFileDesk::PidFileDesk(PidFileCalls calls, std::chrono::milliseconds timeout)
    : looks_(calls.look, timeout, max_blocked),
      orders_([calls](const Order& order) { return carry_out(order, calls); }, timeout,
              max_blocked) {}

void PidFileDesk::prepare(std::vector<PidFileQuestion> questions) {
  forget_prepared();
  if (questions.size() < 2) return;
  answers_ = looks_.of(questions);
  prepared_ = std::move(questions);
}

void PidFileDesk::forget_prepared() {
  prepared_.clear();
  answers_.clear();
  next_prepared_ = 0;
}

std::optional<PidFileAnswer> PidFileDesk::look(const PidFileQuestion& question) {
  const auto begin = prepared_.begin() + static_cast<std::ptrdiff_t>(next_prepared_);
  const auto found = std::find(begin, prepared_.end(), question);
  if (found == prepared_.end()) return looks_.of(question);
  const auto index = static_cast<std::size_t>(found - prepared_.begin());
  next_prepared_ = index + 1;
  return std::move(answers_[index]);
}

std::optional<std::error_code> PidFileDesk::write(const std::filesystem::path& file,
                                                  ProcessId pid) {
  return give(file, {.to_write = pid, .to_remove = {}});
}

void PidFileDesk::remove(const std::filesystem::path& file, ProcessId pid) {
  static_cast<void>(give(file, {.to_write = {}, .to_remove = pid}));
}

std::vector<PidFileDesk::Done> PidFileDesk::retry(MonotonicTime now) {
  std::vector<Done> done;
  if (now < next_try()) return done;
  next_try_ = now + retry_interval;
  const std::map<std::filesystem::path, Undone> tried = undone_;
  for (const auto& [file, undone] : tried) {
    const auto error = give(file, undone.wish);
    if (error && undone.wish.to_write) done.push_back({file, *error});
  }
  return done;
}

MonotonicTime PidFileDesk::next_try() const noexcept {
  return undone_.empty() ? MonotonicTime::max() : next_try_;
}

std::error_code PidFileDesk::carry_out(const Order& order, const PidFileCalls& calls) {
  if (order.wish.to_write) return calls.write(order.file, *order.wish.to_write);
  for (const auto& pid : {order.wish.to_remove, order.begun}) {
    if (pid) calls.remove(order.file, *pid);
  }
  return {};
}

std::optional<std::error_code> PidFileDesk::give(const std::filesystem::path& file,
                                                 const Wish& wish) {
  const auto earlier = undone_.find(file);
  auto begun = earlier == undone_.end() ? std::nullopt : earlier->second.begun;
  const Order order{file, wish, begun};
  const bool is_skipped = orders_.is_blocked(order);
  const auto error = orders_.of(order);
  if (error) {
    undone_.erase(file);
  } else {
    if (!is_skipped && wish.to_write) begun = wish.to_write;
    undone_.insert_or_assign(file, Undone{wish, begun});
  }
  return error;
}

}  // namespace provisr::daemon
