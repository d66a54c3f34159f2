#include "daemon/supervisor/exit_log.hpp"

#include <algorithm>
#include <utility>

namespace provisr::daemon {

void ExitCounts::count(const std::optional<ExitStatus>& status) noexcept {
  if (!status) return;
  if (status->signal != 0) {
    ++signal;
  } else {
    ++(status->code == 0 ? success : exit_code);
  }
}

void ExitLog::add(ExitRecord record) {
  auto kept = std::make_shared<const ExitRecord>(std::move(record));
  if (observer_) observer_(*kept);
  const std::lock_guard lock(mutex_);
  if (kept->status) counts_[kept->name].count(kept->status);
  records_.push_back(std::move(kept));
  if (records_.size() > capacity_) records_.pop_front();
}

void ExitLog::restore(std::vector<ExitRecord> records, Counts counts) {
  const std::lock_guard lock(mutex_);
  counts_ = std::move(counts);
  for (ExitRecord& record : records) {
    records_.push_back(std::make_shared<const ExitRecord>(std::move(record)));
    if (records_.size() > capacity_) records_.pop_front();
  }
}

ExitLog::Records ExitLog::find(std::string_view name, Timestamp since) const {
  Records found;
  const std::lock_guard lock(mutex_);
  std::copy_if(records_.rbegin(), records_.rend(), std::back_inserter(found),
               [&](const auto& record) {
                 return record->ended_at >= since && (name.empty() || record->name == name);
               });
  return found;
}

ExitLog::Counts ExitLog::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void ExitLog::forget_counts(const std::string& name) {
  const std::lock_guard lock(mutex_);
  counts_.erase(name);
}

}  // namespace provisr::daemon
