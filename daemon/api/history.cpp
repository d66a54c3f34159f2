#include "daemon/api/history.hpp"

#include "daemon/api/json.hpp"

#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

/// A piece of about 80 kB.
constexpr std::uint64_t samples_in_a_row = 256;

/// A history that is being written.
class HistoryText {
 public:
  HistoryText(std::string name, HistoryView history)
      : name_(std::move(name)), history_(std::move(history)) {}

  [[nodiscard]] Pulled append_next(std::string& text) {
    if (!has_begun_) text += history_json_begin(name_);
    samples_.clear();
    history_.read(samples_in_a_row, samples_);
    if (has_samples_ && !samples_.empty()) text += ',';
    has_begun_ = true;
    has_samples_ |= !samples_.empty();
    text += samples_json(name_, samples_);
    if (history_.left() > 0) return Pulled::piece;
    text += history_json_end;
    return Pulled::end;
  }

 private:
  std::string name_;
  HistoryView history_;
  std::vector<ProcessMetrics> samples_;
  bool has_begun_ = false;
  bool has_samples_ = false;
};

}  // namespace

HttpAnswer history_answer(std::string name, HistoryView history) {
  const bool is_short = history.left() <= samples_in_a_row;
  const auto written = std::make_shared<HistoryText>(std::move(name), std::move(history));
  if (!is_short) {
    return streamed_answer("application/json",
                           [written](std::string& piece) { return written->append_next(piece); });
  }
  std::string text;
  static_cast<void>(written->append_next(text));
  return json_answer(std::move(text));
}

}  // namespace provisr::daemon
