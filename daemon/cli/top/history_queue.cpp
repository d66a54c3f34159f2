#include "daemon/cli/top/history_queue.hpp"

#include <provisr/process_name.hpp>

#include <utility>

namespace provisr::daemon {

void HistoryQueue::show(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (is_valid_process_name(name) && asked_.insert(name).second) shown_.push_back(name);
  }
}

std::vector<std::string> HistoryQueue::next() {
  std::vector<std::string> next;
  take_from(shown_, next);
  while (!others_.empty() && next.size() < histories_a_round) {
    if (asked_.insert(others_.front()).second) next.push_back(std::move(others_.front()));
    others_.pop_front();
  }
  take_from(failed_, next);
  return next;
}

void HistoryQueue::take_from(std::deque<std::string>& queue, std::vector<std::string>& next) {
  while (!queue.empty() && next.size() < histories_a_round) {
    next.push_back(std::move(queue.front()));
    queue.pop_front();
  }
}

void HistoryQueue::put_back(const std::vector<std::string>& names) {
  failed_.insert(failed_.end(), names.begin(), names.end());
}

void HistoryQueue::list(std::set<std::string> names) {
  for (const std::string& name : names) {
    if (is_valid_process_name(name) && !listed_.contains(name)) others_.push_back(name);
  }
  listed_ = std::move(names);
  const auto is_gone = [this](const std::string& name) { return !listed_.contains(name); };
  std::erase_if(asked_, is_gone);
  std::erase_if(shown_, is_gone);
  std::erase_if(others_, is_gone);
  std::erase_if(failed_, is_gone);
}

std::size_t HistoryQueue::size() const {
  return listed_.size() + asked_.size() + shown_.size() + others_.size() + failed_.size();
}

}  // namespace provisr::daemon
