#include "daemon/base/timestamp.hpp"

#include "daemon/base/text.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace provisr::daemon {
namespace {

/// Overwrites `digits` characters of `text` from `begin` on with the last digits of `number`.
void overwrite(std::string& text, std::size_t begin, std::size_t digits, std::int64_t number) {
  for (std::size_t i = begin + digits; i > begin; --i, number /= 10) {
    text[i - 1] = static_cast<char>('0' + number % 10);
  }
}

}  // namespace

/// Formats by hand for speed: each sample in JSON has a timestamp.
std::string rfc3339(Timestamp time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const std::chrono::year_month_day date(day);
  const std::int64_t of_day = (milliseconds - day).count();
  std::string text = "0000-00-00T00:00:00.000Z";
  overwrite(text, 0, 4, static_cast<int>(date.year()));
  overwrite(text, 5, 2, static_cast<unsigned>(date.month()));
  overwrite(text, 8, 2, static_cast<unsigned>(date.day()));
  overwrite(text, 11, 2, of_day / 3'600'000);
  overwrite(text, 14, 2, of_day / 60'000 % 60);
  overwrite(text, 17, 2, of_day / 1'000 % 60);
  overwrite(text, 20, 3, of_day % 1'000);
  return text;
}

namespace {

using std::chrono::nanoseconds;

/// Reads text from its front. Once a step has failed, all further steps fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    return value;
  }
  /// Takes the next character, which must be one of `characters`.
  char one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return fail();
    return take();
  }
  [[nodiscard]] bool next_is(char character) const { return rest_.starts_with(character); }

  /// Takes the digits behind a decimal point.
  [[nodiscard]] nanoseconds fraction() {
    nanoseconds value{0};
    nanoseconds weight = std::chrono::seconds(1);
    do {
      weight /= 10;
      value += weight * digit();
    } while (!rest_.empty() && is_digit(rest_.front()));
    return value;
  }

  [[nodiscard]] bool is_done() const { return is_good_ && rest_.empty(); }
  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  int digit() {
    if (rest_.empty() || !is_digit(rest_.front())) return fail();
    return take() - '0';
  }
  char take() {
    const char character = rest_.front();
    rest_.remove_prefix(1);
    return character;
  }
  char fail() {
    is_good_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool is_good_ = true;
};

/// The bounds of accepted dates. 64 bits of nanoseconds reach from 1677 to 2262.
constexpr std::chrono::sys_days first_day = std::chrono::year(1700) / 1 / 1;
constexpr std::chrono::sys_days last_day = std::chrono::year(2251) / 1 / 1;

[[nodiscard]] std::optional<std::chrono::sys_days> read_date(Scanner& scanner) {
  const int year = scanner.number(4);
  scanner.one_of("-");
  const int month = scanner.number(2);
  scanner.one_of("-");
  const int day = scanner.number(2);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!scanner.is_good() || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

[[nodiscard]] std::optional<nanoseconds> read_time(Scanner& scanner) {
  const int hour = scanner.number(2);
  scanner.one_of(":");
  const int minute = scanner.number(2);
  scanner.one_of(":");
  const int second = scanner.number(2);
  if (!scanner.is_good() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  nanoseconds time =
      std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  if (scanner.next_is('.')) {
    scanner.one_of(".");
    time += scanner.fraction();
  }
  return time;
}

[[nodiscard]] std::optional<nanoseconds> read_offset(Scanner& scanner) {
  const char sign = scanner.one_of("Zz+-");
  if (sign == 'Z' || sign == 'z') return nanoseconds(0);
  const int hour = scanner.number(2);
  scanner.one_of(":");
  const int minute = scanner.number(2);
  if (!scanner.is_good() || hour > 23 || minute > 59) return std::nullopt;
  const nanoseconds offset = std::chrono::hours(hour) + std::chrono::minutes(minute);
  return sign == '-' ? -offset : offset;
}

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Scanner scanner(text);
  const auto date = read_date(scanner);
  scanner.one_of("Tt ");
  const auto time = date ? read_time(scanner) : std::nullopt;
  const auto offset = time ? read_offset(scanner) : std::nullopt;
  if (!offset || !scanner.is_done()) return std::nullopt;
  if (*date < first_day) return first_day;
  if (*date >= last_day) return last_day;
  return std::chrono::time_point_cast<Timestamp::duration>(*date + *time - *offset);
}

}  // namespace provisr::daemon
