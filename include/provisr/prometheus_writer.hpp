#pragma once

#include <array>
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

/// Appends metric families to a string: those of this library and your own. Label values and help
/// texts are escaped; they must be UTF-8. Names are not checked. No timestamps are written.
///
/// A value is an integer, written exactly; a bool, written as 1 or 0; a double or float, written as
/// the shortest text that reads back as the same double, or as NaN, +Inf or -Inf; or a duration
/// that converts to std::chrono::nanoseconds, written in seconds, exactly. A duration of more than
/// 292 years is written as the longest that nanoseconds can hold.
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
    start_line_of_process();
    if (format_ == ExpositionFormat::text) {
      append_heading(name, type, help, escaped_in_help);
    } else if (type != "counter") {
      append_heading(name, type, help, escaped_in_label);
    } else if (name.ends_with(total)) {
      append_heading(name.substr(0, name.size() - total.size()), type, help, escaped_in_label);
    } else {
      // OpenMetrics requires _total for a counter
      append_heading(name, "unknown", help, escaped_in_label);
    }
  }

  /// Ends the exposition; nothing may follow. Without it, an OpenMetrics text counts as truncated.
  void end() {
    if (format_ == ExpositionFormat::openmetrics) out_.append("# EOF\n");
  }

  /// Writes one sample of the current family.
  template <class Number>
  void sample(std::initializer_list<Label> labels, Number value) {
    std::size_t longest = name_.size() + 1 + longest_end_of_line;
    for (const auto& [label, text] : labels) longest += label.size() + 2 * text.size() + 4;
    append(longest, [&](char* end) {
      end = write(end, name_);
      char separator = '{';
      for (const auto& [label, text] : labels) {
        *end++ = separator;
        end = write(write(end, label), "=\"");
        end = write(write_escaped(end, text, escaped_in_label), "\"");
        separator = ',';
      }
      if (labels.size() != 0) *end++ = '}';
      return write_end_of_line(end, value);
    });
  }

  /// Writes a sample with the only label `name`. A valid process name needs no escaping.
  template <class Number>
  void sample_of_process(std::string_view process, Number value) {
    const auto write_labels = [&](char* end) { return write(write(end, process), "\"}"); };
    append_line_of_process(process.size() + 2, write_labels, value);
  }

  /// As above, with a second label, whose value needs no escaping either.
  template <class Number>
  void sample_of_process(std::string_view process, const Label& second, Number value) {
    const auto write_labels = [&](char* end) {
      end = write(write(write(end, process), "\","), second.first);
      return write(write(write(end, "=\""), second.second), "\"}");
    };
    append_line_of_process(process.size() + second.first.size() + second.second.size() + 6,
                           write_labels, value);
  }

 private:
  static constexpr std::string_view total = "_total";

  static constexpr std::string_view escaped_in_help = "\\\n";
  static constexpr std::string_view escaped_in_label = "\\\n\"";

  /// Writes what all lines of processes in this family begin with, if there is room for it.
  void start_line_of_process() noexcept {
    if (name_.size() + start_of_process.size() > line_start_.size()) return;
    static_cast<void>(write(write(line_start_.data(), name_), start_of_process));
  }

  /// Grows the string only once: by `line_start_` and more than the line needs. Then writes the
  /// rest over it and cuts off what remains. `write_labels(end)` writes the labels after the start
  /// of a line and returns where they end.
  template <class WriteLabels, class Number>
  void append_line_of_process(std::size_t labels_size, WriteLabels write_labels, Number value) {
    const std::size_t start = name_.size() + start_of_process.size();
    const std::size_t longest = start + labels_size + longest_end_of_line;
    const std::size_t begin = out_.size();
    if (longest <= line_start_.size()) {
      out_.append(line_start_.data(), longest);
    } else {
      out_.append(name_).append(start_of_process);
      out_.resize(begin + longest);
    }
    char* const end = write_end_of_line(write_labels(out_.data() + begin + start), value);
    out_.resize(static_cast<std::size_t>(end - out_.data()));
  }

  void append_heading(std::string_view name, std::string_view type, std::string_view help,
                      std::string_view escaped) {
    constexpr std::string_view help_line = "# HELP ";
    constexpr std::string_view type_line = "\n# TYPE ";
    const bool is_plain = before_any_of(escaped, help).size() == help.size();
    const std::size_t longest_help = is_plain ? help.size() : 2 * help.size();
    const std::size_t longest = help_line.size() + name.size() + 1 + longest_help +
                                type_line.size() + name.size() + 1 + type.size() + 1;
    append(longest, [&](char* end) {
      end = write(write(write(end, help_line), name), " ");
      end = is_plain ? write(end, help) : write_escaped(end, help, escaped);
      end = write(write(write(end, type_line), name), " ");
      return write(write(end, type), "\n");
    });
  }

  /// Grows the string only once, by the most that `write_text` writes, then cuts off what remains.
  template <class WriteText>
  void append(std::size_t longest, WriteText write_text) {
    const std::size_t begin = out_.size();
    out_.resize(begin + longest);
    char* const end = write_text(out_.data() + begin);
    out_.resize(static_cast<std::size_t>(end - out_.data()));
  }

  [[nodiscard]] static char* write(char* end, std::string_view text) noexcept {
    return end + text.copy(end, text.size());
  }

  /// Writes up to twice the size of the text. `escaped` are the characters to escape.
  [[nodiscard]] static char* write_escaped(char* end, std::string_view text,
                                           std::string_view escaped) noexcept {
    for (;;) {
      const std::string_view plain = before_any_of(escaped, text);
      end = write(end, plain);
      if (plain.size() == text.size()) return end;
      const char next = text[plain.size()];
      *end++ = '\\';
      *end++ = next == '\n' ? 'n' : next;
      text.remove_prefix(plain.size() + 1);
    }
  }

  /// One search for each character is several times faster than find_first_of().
  [[nodiscard]] static std::string_view before_any_of(std::string_view characters,
                                                      std::string_view text) noexcept {
    for (const char character : characters) text = text.substr(0, text.find(character));
    return text;
  }

  static constexpr std::string_view start_of_process = "{name=\"";
  static constexpr std::size_t longest_number = 24;
  static constexpr std::size_t longest_end_of_line = 1 + longest_number + 1;

  template <class Number>
  static char* write_end_of_line(char* end, Number value) {
    *end++ = ' ';
    end = write_number(end, value);
    *end++ = '\n';
    return end;
  }

  template <std::integral Number>
  static char* write_number(char* end, Number value) {
    static_assert(sizeof(Number) <= sizeof(std::uint64_t), "wider integers are not supported");
    if constexpr (std::same_as<Number, bool>) {
      return write(end, value ? "1" : "0");
    } else {
      return std::to_chars(end, end + longest_number, value).ptr;
    }
  }

  template <std::integral Count, class Period>
  requires std::convertible_to<std::chrono::duration<Count, Period>, std::chrono::nanoseconds>
  static char* write_number(char* end, std::chrono::duration<Count, Period> time) {
    using std::chrono::nanoseconds;
    using Wide = std::chrono::duration<std::int64_t, Period>;
    constexpr std::int64_t most = std::chrono::duration_cast<Wide>(nanoseconds::max()).count();
    if (std::cmp_greater(time.count(), most)) return write_number(end, nanoseconds::max());
    if (std::cmp_less(time.count(), -most)) return write_number(end, -nanoseconds::max());
    return write_number(end, nanoseconds(Wide(static_cast<std::int64_t>(time.count()))));
  }

  /// Writes a time in seconds: up to nine decimals, 19 digits. Reads back as the nearest double.
  static char* write_number(char* end, std::chrono::nanoseconds time) {
    constexpr std::uint64_t second = 1'000'000'000;
    const bool is_negative = time.count() < 0;
    const auto count = static_cast<std::uint64_t>(time.count());
    const std::uint64_t nanoseconds = is_negative ? 0 - count : count;
    if (is_negative) *end++ = '-';
    end = std::to_chars(end, end + longest_number, nanoseconds / second).ptr;
    return write_fraction<second>(end, nanoseconds % second);
  }

  template <std::same_as<float> Number>
  static char* write_number(char* end, Number value) {
    return write_number(end, static_cast<double>(value));  // without a warning to the caller
  }

  static char* write_number(char* end, double value) {
    if (!std::isfinite(value)) {
      const std::string_view text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
      return write(end, text);
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
    return write_fraction<whole_scale>(end, scaled % whole_scale);
  }

  /// Writes `numerator / denominator`, a power of ten, without zeros at its end.
  template <std::uint32_t denominator>
  static char* write_fraction(char* end, std::uint64_t numerator) noexcept {
    if (numerator == 0) return end;
    char* const point = end;
    const auto digits_after_one = static_cast<std::uint32_t>(denominator + numerator);
    end = std::to_chars(end, end + longest_number, digits_after_one).ptr;
    *point = '.';
    while (end[-1] == '0') --end;
    return end;
  }

  std::string& out_;
  ExpositionFormat format_;
  std::string_view name_;
  std::array<char, 512> line_start_{};  ///< what lines of processes begin with, in this family
};

}  // namespace provisr
