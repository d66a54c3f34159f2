#include "daemon/supervisor/retired_names.hpp"

#include <algorithm>
#include <utility>

namespace provisr::daemon {

RetiredNames::RetiredNames(std::chrono::nanoseconds ttl,
                           std::function<void(const std::string& name)> forget)
    : ttl_(ttl), forget_(std::move(forget)) {}

void RetiredNames::allow_matched(std::size_t count) {
  allowed_matched_ = std::max(allowed_matched_, count);
}

void RetiredNames::add(const std::string& name, MonotonicTime now, bool is_matched) {
  names_.push_back({name, now, is_matched});
  if (!is_matched || ++matched_ <= allowed_matched_) return;
  forget(std::find_if(names_.begin(), names_.end(),
                      [](const Retired& retired) { return retired.is_matched; }));
}

void RetiredNames::take_back(const std::string& name) {
  const auto found = std::find_if(names_.begin(), names_.end(),
                                  [&](const Retired& retired) { return retired.name == name; });
  if (found != names_.end()) erase(found);
}

void RetiredNames::forget_expired(MonotonicTime now) {
  while (next_expiry() <= now) forget(names_.begin());
}

MonotonicTime RetiredNames::next_expiry() const {
  return names_.empty() ? MonotonicTime::max() : names_.front().since + ttl_;
}

void RetiredNames::forget(Position position) {
  forget_(position->name);
  erase(position);
}

RetiredNames::Position RetiredNames::erase(Position position) {
  if (position->is_matched) --matched_;
  return names_.erase(position);
}

}  // namespace provisr::daemon
