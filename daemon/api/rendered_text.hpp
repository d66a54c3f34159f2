#pragma once

#include <provisr/snapshot.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace provisr::daemon {

/// A text that is rendered once for each snapshot and served many times. Thread-safe.
class RenderedText {
 public:
  using Render = std::function<void(const Snapshot&, std::string&)>;

  explicit RenderedText(Render render) : render_(std::move(render)) {}

  [[nodiscard]] std::shared_ptr<const std::string> of(const Snapshot& snapshot) {
    const std::lock_guard lock(mutex_);
    if (text_ == nullptr || revision_ != snapshot.revision()) {
      text_ = render(snapshot);
      revision_ = snapshot.revision();
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
  std::mutex mutex_;
  std::shared_ptr<const std::string> text_;
  std::uint64_t revision_ = 0;
};

}  // namespace provisr::daemon
