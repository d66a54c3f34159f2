#include "daemon/api/step_history.hpp"

#include "daemon/api/history_rows.hpp"
#include "daemon/api/json.hpp"
#include "daemon/api/sliced_answer.hpp"
#include "daemon/api/time_order.hpp"

#include <provisr/figures.hpp>
#include <provisr/query.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::size_t samples_at_once = 1024;
/// A sample counts this many times: selecting percentiles looks at the values of a step repeatedly.
constexpr std::size_t cost_of_percentiles = 4;
/// Few enough for one piece of the answer even if each sample has a step, and so a row, of its own.
constexpr std::size_t samples_between_pieces = 16;

[[nodiscard]] FigureSet figures_in(const Fields& fields) {
  FigureSet set;
  std::size_t place = 0;
  for_each_figure<figures>([&](auto figure) {
    constexpr std::string_view key = decltype(figure)::info.json_key;
    set[place++] = !key.empty() && fields.has(key);
  });
  return set;
}

/// A walk that finds out which steps have samples, and how many.
class StepSurvey {
 public:
  /// Remembers the newest `most_steps`.
  StepSurvey(TimeOrder samples, std::chrono::nanoseconds step, std::uint64_t most_steps)
      : samples_(std::move(samples)), step_(step), most_steps_(most_steps) {}

  std::size_t work(std::size_t most) {
    return samples_.work(
        most, [this](const SampleView& sample) { add(step_of(sample.metrics.timestamp, step_)); });
  }
  [[nodiscard]] bool is_done() const { return samples_.is_done(); }

  /// Returns the start of the oldest of the newest steps.
  [[nodiscard]] Timestamp first_step() const {
    return steps_.empty() ? Timestamp::min() : steps_.front();
  }
  [[nodiscard]] std::size_t most_samples() const { return most_samples_; }

 private:
  void add(Timestamp step) {
    if (steps_.empty() || step != steps_.back()) {
      steps_.push_back(step);
      samples_in_step_ = 0;
      if (steps_.size() > most_steps_) steps_.pop_front();
    }
    most_samples_ = std::max(most_samples_, ++samples_in_step_);
  }

  TimeOrder samples_;
  std::chrono::nanoseconds step_;
  std::uint64_t most_steps_;
  std::deque<Timestamp> steps_;
  std::size_t samples_in_step_ = 0;
  std::size_t most_samples_ = 0;
};

/// The JSON text of a history in steps. A row is written once its step is complete, unless the
/// steps are so long that the percentiles need much memory: then all rows, which are few, are
/// prepared before the text begins.
class StepHistory final : public PreparedWork {
 public:
  StepHistory(std::string_view name, HistoryView history, const HistoryQuery& query)
      : samples_(TimeOrder(std::move(history), query.range)),
        step_(*query.step),
        aggregate_(query.aggregate),
        wanted_(figures_in(query.fields)),
        most_steps_(std::min(query.limit, max_steps)),
        rows_("process", name, query.fields, &steps_json) {}

  [[nodiscard]] bool prepare() override {
    for (std::size_t looked_at = 0; looked_at < samples_in_a_slice;) {
      if (!knows_steps_) {
        looked_at += 1 + survey(samples_at_once);
      } else if (has_long_steps_ && samples_) {
        looked_at += cost_of_percentiles * (1 + walk(samples_at_once));
      } else {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool work(std::string& text) override {
    for (std::size_t looked_at = 0;
         looked_at < samples_in_a_slice && text.size() < bytes_in_a_piece;) {
      if (!knows_steps_) {
        looked_at += 1 + survey(samples_at_once);
        continue;
      }
      if (samples_) looked_at += 1 + walk(samples_between_pieces);
      if (!rows_.move_to(text) || samples_) continue;
      text += history_json_end;
      return true;
    }
    return false;
  }

 private:
  /// Finds out which steps are wanted. Returns how many samples it has examined.
  std::size_t survey(std::size_t most) {
    if (!samples_->is_visiting()) {
      const std::size_t looked_at = samples_->work(most, {});
      if (samples_->is_visiting() && !needs_survey()) begin(Timestamp::min(), SIZE_MAX);
      return looked_at;
    }
    if (!survey_) survey_.emplace(*samples_, step_, most_steps_);
    const std::size_t looked_at = survey_->work(most);
    if (survey_->is_done()) begin(survey_->first_step(), survey_->most_samples());
    return looked_at;
  }

  /// If the clock was set, there may be more steps than the first and the last sample suggest.
  [[nodiscard]] bool needs_survey() const {
    return aggregate_ == Aggregate::p95 || samples_->steps_spanned(step_) > most_steps_;
  }

  void begin(Timestamp first_step, std::size_t most_samples) {
    first_step_ = first_step;
    has_long_steps_ = aggregate_ == Aggregate::p95 && most_samples > samples_in_a_slice;
    stepper_.emplace(StepperOptions{
        .step = step_, .aggregate = aggregate_, .most_samples = most_samples, .wanted = wanted_});
    survey_.reset();
    knows_steps_ = true;
  }

  /// Makes rows of the next samples, and releases what only that needs at the end.
  std::size_t walk(std::size_t most) {
    const std::size_t looked_at = samples_->work(most, [this](const SampleView& sample) {
      if (sample.metrics.timestamp < first_step_) return;
      if (const auto row = stepper_->add(sample)) rows_.add(*row);
    });
    if (!samples_->is_done()) return looked_at;
    if (has_long_steps_ && stepper_->reduce_next()) return samples_at_once;
    if (const auto row = stepper_->finish()) rows_.add(*row);
    samples_.reset();
    stepper_.reset();
    return looked_at;
  }

  std::optional<TimeOrder> samples_;  ///< empty once all rows are made
  std::chrono::nanoseconds step_;
  Aggregate aggregate_;
  FigureSet wanted_;
  std::uint64_t most_steps_;
  std::optional<StepSurvey> survey_;
  bool knows_steps_ = false;
  std::optional<Stepper> stepper_;
  Timestamp first_step_{};
  bool has_long_steps_ = false;
  HistoryRows<StepRow> rows_;
};

}  // namespace

HttpAnswer step_history_answer(std::string_view name, HistoryView history,
                               const HistoryQuery& query, const std::shared_ptr<Turns>& turns) {
  require_bounded({&history, 1}, query.range, *query.step);
  const bool is_short = history.left() <= samples_in_a_slice;
  auto work = std::make_shared<StepHistory>(name, std::move(history), query);
  if (query.aggregate == Aggregate::p95) return answer_in_turn(std::move(work), is_short, turns);
  return sliced_answer(std::move(work));
}

}  // namespace provisr::daemon
