#pragma once

#include <provisr/figures.hpp>
#include <provisr/snapshot.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace provisr {

/// Writes the Prometheus text exposition format 0.0.4 (prometheus.io/docs/instrumenting/
/// exposition_formats) to the end of a string. Numbers are the shortest text that reads back as
/// the same value; the special ones are NaN, +Inf and -Inf. Label values and help texts are
/// escaped; names of metrics and labels are the caller's to choose well.
///
/// Not thread-safe. Throws std::bad_alloc when the string cannot grow.
class PrometheusWriter {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  explicit PrometheusWriter(std::string& out) noexcept : out_(out) {}

  /// Begins a family: its HELP and TYPE lines. `type` is "gauge" or "counter". `name` must stay
  /// valid until the family's last sample.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ");
    append_escaped(help, is_escaped_in_help);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  /// One sample of the family begun last.
  template <class Number>
  void sample(std::initializer_list<Label> labels, Number value) {
    out_.append(name_);
    char separator = '{';
    for (const auto& [label, text] : labels) {
      out_.push_back(separator);
      out_.append(label).append("=\"");
      append_escaped(text, is_escaped_in_label);
      out_.push_back('"');
      separator = ',';
    }
    if (labels.size() != 0) out_.push_back('}');
    append_value(value);
  }

  /// One sample whose only label is `name`, for a process name that is valid: it holds nothing
  /// that would have to be escaped.
  template <class Number>
  void sample_of_process(std::string_view process, Number value) {
    // In one piece: room for the longest line first; what was not needed is given back.
    const std::size_t begin = out_.size();
    out_.resize(begin + name_.size() + process.size() + longest_rest_of_line);
    char* end = out_.data() + begin;
    for (const std::string_view part :
         {name_, std::string_view("{name=\""), process, std::string_view("\"} ")}) {
      end += part.copy(end, part.size());
    }
    end = write_number(end, value);
    *end++ = '\n';
    out_.resize(static_cast<std::size_t>(end - out_.data()));
  }

 private:
  static constexpr auto is_escaped_in_help = [](char c) { return c == '\\' || c == '\n'; };
  static constexpr auto is_escaped_in_label = [](char c) {
    return is_escaped_in_help(c) || c == '"';
  };

  template <class Predicate>
  void append_escaped(std::string_view text, Predicate is_escaped) {
    auto begin = text.begin();
    for (;;) {
      const auto end = std::find_if(begin, text.end(), is_escaped);
      out_.append(begin, end);
      if (end == text.end()) return;
      out_.push_back('\\');
      out_.push_back(*end == '\n' ? 'n' : *end);
      begin = end + 1;
    }
  }

  template <class Number>
  void append_value(Number value) {
    char line_end[40];
    line_end[0] = ' ';
    char* end = write_number(line_end + 1, value);
    *end++ = '\n';
    out_.append(line_end, static_cast<std::size_t>(end - line_end));
  }

  static constexpr std::size_t longest_number = 24;
  static constexpr std::size_t longest_rest_of_line = 12 + longest_number;

  template <std::integral Number>
  static char* write_number(char* end, Number value) {
    return std::to_chars(end, end + longest_number, value).ptr;
  }

  static char* write_number(char* end, double value) {
    if (!std::isfinite(value)) {
      const std::string_view text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
      return end + text.copy(end, text.size());
    }
    if (char* const short_end = write_short_decimal(end, value)) return short_end;
    return std::to_chars(end, end + longest_number, value).ptr;
  }

  /// A value of at most eight decimals and seven digits before them, as percentages and sizes in
  /// MiB are: several times faster than the general way. Null: it is none. Of the decimals with at
  /// most 15 digits only one reads back as a given double, so the text is the shortest.
  static char* write_short_decimal(char* end, double value) noexcept {
    constexpr double scale = 1e8;
    if (!(value >= 0.001 && value < 1e7)) return nullptr;
    const auto scaled = static_cast<std::uint64_t>(value * scale + 0.5);
    if (static_cast<double>(scaled) / scale != value) return nullptr;
    constexpr auto whole_scale = static_cast<std::uint64_t>(scale);
    end = std::to_chars(end, end + longest_number, static_cast<std::uint32_t>(scaled / whole_scale))
              .ptr;
    auto fraction = static_cast<std::uint32_t>(scaled % whole_scale);
    if (fraction == 0) return end;
    *end++ = '.';
    for (std::uint32_t digit = whole_scale / 10; fraction != 0; digit /= 10) {
      *end++ = static_cast<char>('0' + fraction / digit);
      fraction %= digit;
    }
    return end;
  }

  std::string& out_;
  std::string_view name_;
};

namespace detail {

/// One family: a sample for each running process whose figure is known.
template <class FigureOfTable>
void write_process_family(PrometheusWriter& writer, const Snapshot& snapshot,
                          FigureOfTable figure) {
  const bool is_counter = figure.info.kind == FigureKind::counter;
  writer.family(figure.info.family, is_counter ? "counter" : "gauge", figure.info.help);
  for (const Snapshot::Process process : snapshot) {
    if (!process.running()) continue;
    if (const auto value = figure.of(process.sample())) {
      writer.sample_of_process(process.name(), *value);
    }
  }
}

}  // namespace detail

/// Appends the families of a snapshot to `out`, in a stable order: those of the table for the
/// running processes, then provisr_process_up, 1 or 0, for all that are not retired. A figure that
/// is unknown has no sample. Throws std::bad_alloc.
template <const auto& table = figures>
void write_prometheus(const Snapshot& snapshot, std::string& out) {
  PrometheusWriter writer(out);
  for_each_figure<table>([&](auto figure) {
    if constexpr (!decltype(figure)::info.family.empty()) {
      detail::write_process_family(writer, snapshot, figure);
    }
  });
  writer.family("provisr_process_up", "gauge", "Whether the managed process runs (1) or not (0).");
  for (const Snapshot::Process process : snapshot) {
    if (process.retired()) continue;
    writer.sample_of_process(process.name(), process.running() ? 1 : 0);
  }
}

}  // namespace provisr
