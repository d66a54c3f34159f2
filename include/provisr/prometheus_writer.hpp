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
    out_.append(name_);
    char separator = '{';
    for (const auto& [label, text] : labels) {
      out_.push_back(separator);
      out_.append(label).append("=\"");
      append_escaped(text, escaped_in_label);
      out_.push_back('"');
      separator = ',';
    }
    if (labels.size() != 0) out_.push_back('}');
    append_value(value);
  }

  /// Writes a sample with the only label `name`. A valid process name needs no escaping.
  template <class Number>
  void sample_of_process(std::string_view process, Number value) {
    append_line_of_process({process, "\"}"}, value);
  }

  /// As above, with a second label, whose value needs no escaping either.
  template <class Number>
  void sample_of_process(std::string_view process, const Label& second, Number value) {
    append_line_of_process({process, "\",", second.first, "=\"", second.second, "\"}"}, value);
  }

 private:
  static constexpr std::string_view total = "_total";

  static constexpr std::string_view escaped_in_help = "\\\n";
  static constexpr std::string_view escaped_in_label = "\\\n\"";

  /// Writes what all lines of processes in this family begin with, if there is room for it.
  void start_line_of_process() noexcept {
    if (name_.size() + start_of_process.size() > line_start_.size()) return;
    char* const end = line_start_.data() + name_.copy(line_start_.data(), name_.size());
    start_of_process.copy(end, start_of_process.size());
  }

  /// Appends `line_start_` and more, which grows the string only once; then writes the rest over it
  /// and cuts off what remains.
  template <class Number>
  void append_line_of_process(std::initializer_list<std::string_view> parts, Number value) {
    const std::size_t start = name_.size() + start_of_process.size();
    std::size_t longest = start + longest_end_of_line;
    for (const std::string_view part : parts) longest += part.size();
    if (longest > line_start_.size()) return append_long_line_of_process(parts, value);
    const std::size_t begin = out_.size();
    out_.append(line_start_.data(), longest);
    char* end = out_.data() + begin + start;
    for (const std::string_view part : parts) end += part.copy(end, part.size());
    end = write_end_of_line(end, value);
    out_.resize(static_cast<std::size_t>(end - out_.data()));
  }

  template <class Number>
  void append_long_line_of_process(std::initializer_list<std::string_view> parts, Number value) {
    out_.append(name_).append(start_of_process);
    for (const std::string_view part : parts) out_.append(part);
    append_value(value);
  }

  void append_heading(std::string_view name, std::string_view type, std::string_view help,
                      std::string_view escaped) {
    out_.append("# HELP ").append(name).append(" ");
    append_escaped(help, escaped);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  /// `escaped` are the characters to escape.
  void append_escaped(std::string_view text, std::string_view escaped) {
    for (;;) {
      const std::string_view plain = before_any_of(escaped, text);
      out_.append(plain);
      if (plain.size() == text.size()) return;
      const char next = text[plain.size()];
      out_.push_back('\\');
      out_.push_back(next == '\n' ? 'n' : next);
      text.remove_prefix(plain.size() + 1);
    }
  }

  /// One search for each character is several times faster than find_first_of().
  [[nodiscard]] static std::string_view before_any_of(std::string_view characters,
                                                      std::string_view text) noexcept {
    for (const char character : characters) text = text.substr(0, text.find(character));
    return text;
  }

  template <class Number>
  void append_value(Number value) {
    char text[longest_end_of_line];
    out_.append(text, static_cast<std::size_t>(write_end_of_line(text, value) - text));
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
    return write_fraction(end, static_cast<std::uint32_t>(nanoseconds % second), 9);
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
    return write_fraction(end, static_cast<std::uint32_t>(scaled % whole_scale), 8);
  }

  /// Writes a fraction that has this many digits, without zeros at its end.
  static char* write_fraction(char* end, std::uint32_t fraction, std::size_t digits) noexcept {
    if (fraction == 0) return end;
    *end++ = '.';
    for (std::size_t digit = digits; digit-- > 0; fraction /= 10) {
      end[digit] = static_cast<char>('0' + fraction % 10);
    }
    end += digits;
    while (end[-1] == '0') --end;
    return end;
  }

  std::string& out_;
  ExpositionFormat format_;
  std::string_view name_;
  std::array<char, 512> line_start_{};  ///< what lines of processes begin with, in this family
};

}  // namespace provisr
