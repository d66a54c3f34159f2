#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstring>
#include <system_error>

namespace provisr::linux_platform {
namespace {

[[nodiscard]] constexpr bool is_space(char character) noexcept {
  return character == ' ' || character == '\n' || character == '\t';
}

/// Reads fields, separated by spaces, from the front of a text. A statm is parsed for each process
/// at each tick: searches for character sets would be half of what a tick executes.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) noexcept
      : next_(text.data()), end_(text.data() + text.size()) {}

  void skip(int fields) noexcept {
    for (; fields > 0; --fields) {
      begin_field();
      while (next_ != end_ && !is_space(*next_)) ++next_;
    }
  }

  template <std::integral Number>
  [[nodiscard]] Number number() noexcept {
    begin_field();
    Number value{};
    const auto [end, error] = std::from_chars(next_, end_, value);
    end_field(end, error == std::errc{});
    return value;
  }

  [[nodiscard]] char letter() noexcept {
    begin_field();
    if (next_ == end_) return '?';
    const char letter = *next_;
    end_field(next_ + 1, true);
    return letter;
  }

  /// Returns whether every field so far was present and had the requested type.
  [[nodiscard]] bool is_good() const noexcept { return is_good_; }

 private:
  void begin_field() noexcept {
    while (next_ != end_ && is_space(*next_)) ++next_;
    if (next_ == end_) is_good_ = false;
  }

  void end_field(const char* end, bool is_read) noexcept {
    next_ = end;
    if (!is_read || (next_ != end_ && !is_space(*next_))) is_good_ = false;
  }

  const char* next_;
  const char* end_;
  bool is_good_ = true;
};

/// Takes the first line, without its end, off a text that is not empty.
[[nodiscard]] std::string_view take_line(std::string_view& text) noexcept {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
  return line;
}

/// Returns what follows `key` and the separator if a line begins with them.
[[nodiscard]] std::optional<std::string_view> value_of(std::string_view line, std::string_view key,
                                                       char separator) noexcept {
  const bool is_split_there = line.size() > key.size() && line[key.size()] == separator;
  if (!is_split_there || !line.starts_with(key)) return std::nullopt;
  return line.substr(key.size() + 1);
}

/// Returns the text after a key and its separator, from the line that begins with both.
[[nodiscard]] std::optional<std::string_view> find_value(std::string_view text,
                                                         std::string_view key,
                                                         char separator) noexcept {
  while (!text.empty()) {
    if (const auto value = value_of(take_line(text), key, separator)) return value;
  }
  return std::nullopt;
}

[[nodiscard]] std::optional<std::uint64_t> first_number(std::string_view text) noexcept {
  FieldReader fields(text);
  const auto number = fields.number<std::uint64_t>();
  if (!fields.is_good()) return std::nullopt;
  return number;
}

[[nodiscard]] std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key,
                                                       char separator) noexcept {
  const auto value = find_value(text, key, separator);
  return value ? first_number(*value) : std::nullopt;
}

}  // namespace

std::optional<Statm> parse_statm(std::string_view text) noexcept {
  FieldReader fields(text);
  Statm statm;
  statm.size_pages = fields.number<std::uint64_t>();
  statm.resident_pages = fields.number<std::uint64_t>();
  if (!fields.is_good()) return std::nullopt;
  return statm;
}

std::optional<Stat> parse_stat(std::string_view text) noexcept {
  // Field 2 is the program's name in parentheses; it may itself contain spaces and parentheses.
  const auto* const name_end = static_cast<const char*>(::memrchr(text.data(), ')', text.size()));
  if (name_end == nullptr) return std::nullopt;
  FieldReader fields({name_end + 1, text.data() + text.size()});
  Stat stat;
  stat.state = fields.letter();
  stat.parent_pid = fields.number<std::int32_t>();
  stat.process_group = fields.number<std::int32_t>();
  fields.skip(3);  // 6 to 8
  stat.flags = fields.number<std::uint32_t>();
  fields.skip(2);  // 10 and 11
  stat.major_faults = fields.number<std::uint64_t>();
  stat.children_major_faults = fields.number<std::uint64_t>();
  stat.cpu_clock_ticks = fields.number<std::uint64_t>();
  stat.cpu_clock_ticks += fields.number<std::uint64_t>();
  const auto children_user = fields.number<std::int64_t>();  // signed in the kernel, like the next
  const auto children_system = fields.number<std::int64_t>();
  stat.children_clock_ticks =
      static_cast<std::uint64_t>(std::max<std::int64_t>(children_user, 0)) +
      static_cast<std::uint64_t>(std::max<std::int64_t>(children_system, 0));
  fields.skip(2);  // 18 and 19
  stat.num_threads = fields.number<std::uint32_t>();
  fields.skip(1);
  stat.start_clock_ticks = fields.number<std::uint64_t>();
  stat.size_bytes = fields.number<std::uint64_t>();
  stat.resident_pages = fields.number<std::uint64_t>();
  if (!fields.is_good()) return std::nullopt;
  return stat;
}

std::optional<std::uint64_t> parse_status_bytes(std::string_view text,
                                                std::string_view key) noexcept {
  const auto kibibytes = find_number(text, key, ':');
  if (!kibibytes) return std::nullopt;
  return *kibibytes * 1024;
}

void parse_vmstat(std::string_view text, std::span<const std::string_view> keys,
                  std::span<std::optional<std::uint64_t>> values) noexcept {
  std::ranges::fill(values, std::nullopt);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const auto value = value_of(line, keys[i], ' ')) values[i] = first_number(*value);
    }
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::string_view key) noexcept {
  return find_number(text, key, ':');
}

std::optional<std::uint64_t> parse_soft_limit(std::string_view limits,
                                              std::string_view name) noexcept {
  return find_number(limits, name, ' ');
}

std::optional<std::int32_t> parse_newest_id(std::string_view text) noexcept {
  const auto end = text.find_last_not_of('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto space = text.find_last_of(' ', end);
  FieldReader fields(text.substr(space == std::string_view::npos ? 0 : space + 1));
  const auto id = fields.number<std::int32_t>();
  if (!fields.is_good() || id <= 0) return std::nullopt;
  return id;
}

bool is_of_nested_pid_namespace(std::string_view status) noexcept {
  const auto pids = find_value(status, "NSpid", ':');
  if (!pids) return false;
  FieldReader fields(*pids);
  fields.skip(2);
  return fields.is_good();
}

}  // namespace provisr::linux_platform
