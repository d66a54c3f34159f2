#pragma once

#include <provisr/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace provisr::daemon {

/// A text made from a snapshot, made once for each and served many times. One that also tells what
/// changes between snapshots is made again once it is older than `max_age`. Thread-safe.
class RenderedText {
 public:
  using Render = std::function<void(const Snapshot&, std::string&)>;

  using TimePoint = std::chrono::steady_clock::time_point;

  explicit RenderedText(Render render) : render_(std::move(render)) {}
  RenderedText(Render render, TimePoint::duration max_age)
      : render_(std::move(render)), max_age_(max_age) {}

  [[nodiscard]] std::shared_ptr<const std::string> of(
      const Snapshot& snapshot, TimePoint now = std::chrono::steady_clock::now()) {
    const std::lock_guard lock(mutex_);
    if (text_ == nullptr || revision_ != snapshot.revision() || now - rendered_at_ > max_age_) {
      text_ = render(snapshot);
      revision_ = snapshot.revision();
      rendered_at_ = now;
    }
    return text_;
  }

 private:
  [[nodiscard]] std::shared_ptr<const std::string> render(const Snapshot& snapshot) const {
    std::string text;
    if (text_ != nullptr) text.reserve(text_->size() + text_->size() / 8);
    render_(snapshot, text);
    return std::make_shared<const std::string>(std::move(text));
  }

  Render render_;
  TimePoint::duration max_age_ = TimePoint::duration::max();
  std::mutex mutex_;
  std::shared_ptr<const std::string> text_;
  std::uint64_t revision_ = 0;
  TimePoint rendered_at_;
};

}  // namespace provisr::daemon
