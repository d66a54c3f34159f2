#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace provisr {

enum class ExpositionFormat : std::uint8_t {
  text,  ///< Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats)
  openmetrics,  ///< OpenMetrics 1.0.0 (github.com/prometheus/OpenMetrics)
};

/// Returns the media type of a format, for the Content-Type header.
[[nodiscard]] constexpr std::string_view content_type_of(ExpositionFormat format) noexcept {
  return format == ExpositionFormat::text
             ? "text/plain; version=0.0.4; charset=utf-8"
             : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

/// Appends metric families to a string: those of this library and your own. Integers are written
/// exactly, doubles as the shortest text that reads back as the same value, special values as NaN,
/// +Inf and -Inf, and std::chrono::nanoseconds as seconds, exactly. Label values and help texts are
/// escaped; names of metrics and labels are not checked. No timestamps are written.
///
/// Not thread-safe. Throws std::bad_alloc if the string cannot grow.
class PrometheusWriter {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  static constexpr std::string_view content_type = content_type_of(ExpositionFormat::text);

  explicit PrometheusWriter(std::string& out,
                            ExpositionFormat format = ExpositionFormat::text) noexcept
      : out_(out), format_(format) {}

  [[nodiscard]] ExpositionFormat format() const noexcept { return format_; }

  /// Begins a family with its HELP and TYPE lines. `type` is "gauge" or "counter"; a counter's name
  /// ends with "_total". Each name is begun once and must stay valid until the family's last
  /// sample.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    if (format_ == ExpositionFormat::text) {
      append_heading(name, type, help, is_escaped_in_help);
    } else if (type != "counter") {
      append_heading(name, type, help, is_escaped_in_label);
    } else if (name.ends_with(total)) {
      append_heading(name.substr(0, name.size() - total.size()), type, help, is_escaped_in_label);
    } else {
      // OpenMetrics requires _total for a counter
      append_heading(name, "unknown", help, is_escaped_in_label);
    }
  }

  /// Ends the exposition; nothing may follow. Without it, an OpenMetrics text counts as truncated.
  void end() {
    if (format_ == ExpositionFormat::openmetrics) out_.append("# EOF\n");
  }

  /// Writes one sample of the current family.
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

  /// Writes a sample with the only label `name`. A valid process name needs no escaping.
  template <class Number>
  void sample_of_process(std::string_view process, Number value) {
    // Grows the string once for the longest line, then cuts off the rest.
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
  static constexpr std::string_view total = "_total";

  static constexpr auto is_escaped_in_help = [](char c) { return c == '\\' || c == '\n'; };
  static constexpr auto is_escaped_in_label = [](char c) {
    return is_escaped_in_help(c) || c == '"';
  };

  template <class Predicate>
  void append_heading(std::string_view name, std::string_view type, std::string_view help,
                      Predicate is_escaped) {
    out_.append("# HELP ").append(name).append(" ");
    append_escaped(help, is_escaped);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }

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

  /// Writes a time in seconds: up to nine decimals, 19 digits. Reads back as the nearest double.
  static char* write_number(char* end, std::chrono::nanoseconds time) {
    constexpr std::uint64_t second = 1'000'000'000;
    const bool is_negative = time.count() < 0;
    const auto count = static_cast<std::uint64_t>(time.count());
    const std::uint64_t nanoseconds = is_negative ? 0 - count : count;
    if (is_negative) *end++ = '-';
    end = std::to_chars(end, end + longest_number, nanoseconds / second).ptr;
    return write_fraction(end, static_cast<std::uint32_t>(nanoseconds % second), second / 10);
  }

  static char* write_number(char* end, double value) {
    if (!std::isfinite(value)) {
      const std::string_view text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
      return end + text.copy(end, text.size());
    }
    if (char* const short_end = write_short_decimal(end, value)) return short_end;
    return std::to_chars(end, end + longest_number, value).ptr;
  }

  /// Writes a value with at most seven digits before the point and eight behind it, as percentages
  /// and sizes in MiB have; several times faster than the general way. Returns null for any other
  /// value. The text is the shortest: among decimals of at most 15 digits only one reads back as a
  /// given double.
  static char* write_short_decimal(char* end, double value) noexcept {
    constexpr double scale = 1e8;
    if (!(value >= 0.001 && value < 1e7)) return nullptr;
    const auto scaled = static_cast<std::uint64_t>(value * scale + 0.5);
    if (static_cast<double>(scaled) / scale != value) return nullptr;
    constexpr auto whole_scale = static_cast<std::uint64_t>(scale);
    end = std::to_chars(end, end + longest_number, static_cast<std::uint32_t>(scaled / whole_scale))
              .ptr;
    return write_fraction(end, static_cast<std::uint32_t>(scaled % whole_scale), whole_scale / 10);
  }

  /// `first_digit` is the value of a 1 directly after the decimal point.
  static char* write_fraction(char* end, std::uint32_t fraction,
                              std::uint32_t first_digit) noexcept {
    if (fraction == 0) return end;
    *end++ = '.';
    for (std::uint32_t digit = first_digit; fraction != 0; digit /= 10) {
      *end++ = static_cast<char>('0' + fraction / digit);
      fraction %= digit;
    }
    return end;
  }

  std::string& out_;
  ExpositionFormat format_;
  std::string_view name_;
};

}  // namespace provisr
