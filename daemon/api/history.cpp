#include "daemon/api/history.hpp"

#include "daemon/api/json.hpp"
#include "daemon/api/sliced_answer.hpp"

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/query.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
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
  HistoryText(std::string name, HistoryView history, const HistoryQuery& query)
      : name_(std::move(name)),
        history_(std::move(history)),
        range_(query.range),
        fields_(query.fields) {}

  [[nodiscard]] Pulled append_next(std::string& text) {
    if (!has_begun_) text += history_json_begin("process", name_);
    has_begun_ = true;
    const std::vector<SampleView> samples = read_some();
    if (has_samples_ && !samples.empty()) text += ',';
    has_samples_ |= !samples.empty();
    text += samples_json(name_, samples, fields_);
    if (history_.left() > 0) {
      if (text.empty()) text += ' ';  // none of them is in the range
      return Pulled::piece;
    }
    text += history_json_end;
    return Pulled::end;
  }

 private:
  /// Those of the next that are in the range; valid until the next call.
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
  SampleRows rows_;
  bool has_begun_ = false;
  bool has_samples_ = false;
};

/// The newest `limit` samples within the range begin at one of these; those behind it are counted.
[[nodiscard]] HistoryView newest_of(HistoryView history, const TimeRange& range,
                                    std::uint64_t limit) {
  if (range.until == Timestamp::max()) {
    history.keep_newest(limit);
    return history;
  }
  std::uint64_t behind = 0;
  HistoryView all = history;
  std::vector<ProcessMetrics> samples;
  while (all.left() > 0) {
    samples.clear();
    all.read(samples_in_a_slice, samples);
    for (const ProcessMetrics& sample : samples) {
      if (sample.timestamp >= range.until) ++behind;
    }
  }
  history.keep_newest(behind + limit);
  return history;
}

[[nodiscard]] HttpAnswer samples_answer(std::string name, HistoryView history,
                                        const HistoryQuery& query) {
  if (query.limit < history.left()) {
    history = newest_of(std::move(history), query.range, query.limit);
  }
  const bool is_short = history.left() <= samples_in_a_row;
  const auto written = std::make_shared<HistoryText>(std::move(name), std::move(history), query);
  if (!is_short) {
    return streamed_answer("application/json",
                           [written](std::string& piece) { return written->append_next(piece); });
  }
  std::string text;
  static_cast<void>(written->append_next(text));
  return json_answer(std::move(text));
}

/// A history in steps.
class StepsText final : public SlicedWork {
 public:
  StepsText(std::string name, HistoryView history, const HistoryQuery& query)
      : name_(std::move(name)),
        history_(std::move(history)),
        query_(query),
        stepper_(*query.step, query.aggregate) {}

  [[nodiscard]] bool work() override {
    history_.read(samples_in_a_slice, samples_);
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (query_.range.contains(samples_.metrics[i].timestamp)) add(stepper_.add(samples_[i]));
    }
    if (history_.left() > 0) return false;
    add(stepper_.finish());
    return true;
  }

  [[nodiscard]] std::string text() override {
    return history_json_begin("process", name_) + steps_json(rows_, query_.fields) +
           std::string(history_json_end);
  }

 private:
  void add(const std::optional<StepRow>& row) {
    if (!row) return;
    rows_.push_back(*row);
    if (rows_.size() > query_.limit) rows_.pop_front();
  }

  std::string name_;
  HistoryView history_;
  HistoryQuery query_;
  Stepper stepper_;
  SampleRows samples_;
  std::deque<StepRow> rows_;
};

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

HttpAnswer history_answer(std::string name, HistoryView history, const HistoryQuery& query) {
  if (!query.step) return samples_answer(std::move(name), std::move(history), query);
  require_bounded(steps_in({&history, 1}, query.range, *query.step));
  return sliced_answer(std::make_shared<StepsText>(std::move(name), std::move(history), query));
}

}  // namespace provisr::daemon
