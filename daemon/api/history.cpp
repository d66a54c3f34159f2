#include "daemon/api/history.hpp"

#include "daemon/api/json.hpp"
#include "daemon/api/sliced_answer.hpp"
#include "daemon/api/step_history.hpp"

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

/// Samples in a piece, which has about 80 kB.
constexpr std::uint64_t samples_in_a_row = 256;

/// A backward search for the newest `limit` samples in a range.
class NewestInRange {
 public:
  NewestInRange(HistoryView history, const TimeRange& range, std::uint64_t limit)
      : history_(std::move(history)), range_(range), limit_(limit) {}

  /// Examines the next slice. Returns whether the search is done.
  [[nodiscard]] bool work() {
    HistoryView part = history_;
    part.keep_newest(passed_ + samples_in_a_slice);
    const auto asked = static_cast<std::size_t>(part.left() - passed_);
    samples_.clear();
    part.read(asked, samples_);
    for (auto sample = samples_.rbegin(); sample != samples_.rend() && found_ < limit_; ++sample) {
      ++passed_;
      if (range_.contains(sample->timestamp)) ++found_;
    }
    // Missing samples were overwritten, and so were all older ones.
    return found_ == limit_ || samples_.size() < asked || passed_ == history_.left();
  }

  /// Returns the history from the oldest sample of the search on. Requires that the search is done.
  [[nodiscard]] HistoryView found() const {
    HistoryView found = history_;
    found.keep_newest(passed_);
    return found;
  }

 private:
  HistoryView history_;
  TimeRange range_;
  std::uint64_t limit_;
  std::uint64_t passed_ = 0;  ///< samples examined
  std::uint64_t found_ = 0;
  std::vector<ProcessMetrics> samples_;
};

/// The JSON text of a history, made piece by piece.
class HistoryText {
 public:
  HistoryText(std::string name, HistoryView history, const HistoryQuery& query)
      : name_(std::move(name)),
        history_(std::move(history)),
        range_(query.range),
        fields_(query.fields) {
    if (query.limit >= history_.left()) return;
    const bool has_range = range_.since != Timestamp::min() || range_.until != Timestamp::max();
    if (has_range) {
      search_.emplace(history_, range_, query.limit);
    } else {
      history_.keep_newest(query.limit);
    }
  }

  [[nodiscard]] bool is_short() const { return history_.left() <= samples_in_a_row; }

  [[nodiscard]] std::string whole() {
    std::string text;
    while (append_next(text) == PullResult::piece) {
    }
    return text;
  }

  /// Appends the next piece. While the search goes on, that is a space, which JSON allows.
  [[nodiscard]] PullResult append_next(std::string& text) {
    if (search_ && !search_->work()) {
      text += ' ';
      return PullResult::piece;
    }
    if (search_) history_ = search_->found();
    search_.reset();
    return append_samples(text);
  }

 private:
  [[nodiscard]] PullResult append_samples(std::string& text) {
    if (!has_begun_) text += history_json_begin("process", name_);
    has_begun_ = true;
    const std::vector<SampleView> samples = read_some();
    if (has_samples_ && !samples.empty()) text += ',';
    has_samples_ |= !samples.empty();
    text += samples_json(name_, samples, fields_);
    if (history_.left() > 0) {
      if (text.empty()) text += ' ';  // no sample of this piece is in the range
      return PullResult::piece;
    }
    text += history_json_end;
    return PullResult::end;
  }

  /// Reads the next samples and returns those in the range; valid until the next call.
  [[nodiscard]] std::vector<SampleView> read_some() {
    history_.read(samples_in_a_row, rows_);
    std::vector<SampleView> samples;
    samples.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (range_.contains(rows_.metrics[i].timestamp)) samples.push_back(rows_[i]);
    }
    return samples;
  }

  std::string name_;
  HistoryView history_;
  TimeRange range_;
  Fields fields_;
  std::optional<NewestInRange> search_;
  SampleRows rows_;
  bool has_begun_ = false;
  bool has_samples_ = false;
};

[[nodiscard]] HttpAnswer samples_answer(std::string name, HistoryView history,
                                        const HistoryQuery& query) {
  const auto written = std::make_shared<HistoryText>(std::move(name), std::move(history), query);
  if (written->is_short()) return json_answer(written->whole());
  return streamed_answer("application/json",
                         [written](std::string& piece) { return written->append_next(piece); });
}

}  // namespace

std::span<const std::string_view> history_fields() {
  static const std::vector<std::string_view> keys = [] {
    std::vector<std::string_view> all{"pid", "name", "timestamp", "samples"};
    for_each_figure<figures>([&](auto figure) {
      if (!decltype(figure)::info.json_key.empty()) all.push_back(decltype(figure)::info.json_key);
    });
    return all;
  }();
  return keys;
}

HttpAnswer history_answer(std::string name, HistoryView history, const HistoryQuery& query,
                          const std::shared_ptr<Turns>& turns) {
  if (query.step) return step_history_answer(name, std::move(history), query, turns);
  return samples_answer(std::move(name), std::move(history), query);
}

}  // namespace provisr::daemon
