#include "daemon/config/key_hint.hpp"

#include "daemon/base/text.hpp"
#include "daemon/config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace provisr::daemon {
namespace {

/// If there are no more keys than this, a hint lists all of them.
constexpr std::size_t max_listed = 6;

struct Synonym {
  std::string_view word;  ///< in lower case
  std::string_view key;
};

/// Keys of supervisord, pm2 and systemd that are not near to the key of provisrd.
constexpr Synonym synonyms[] = {
    {"cwd", "work_dir"},
    {"directory", "work_dir"},
    {"workingdirectory", "work_dir"},
    {"environment", "env"},
    {"numprocs", "instances"},
    {"script", "command"},
    {"execstart", "command"},
    {"uid", "user"},
    {"restart", "auto_restart"},
    {"restart_delay", "restart_interval"},
    {"restartsec", "restart_interval"},
    {"exp_backoff_restart_delay", "retry_interval"},
    {"max_restarts", "retry_count"},
    {"startretries", "retry_count"},
    {"min_uptime", "start_duration"},
    {"killsignal", "stop_signal"},
    {"kill_signal", "stop_signal"},
    {"kill_timeout", "stop_timeout"},
    {"stopwaitsecs", "stop_timeout"},
    {"timeoutstopsec", "stop_timeout"},
    {"out_file", "log.stdout"},
    {"stdout_logfile", "log.stdout"},
    {"error_file", "log.stderr"},
    {"stderr_logfile", "log.stderr"},
    {"childlogdir", "log.dir"},
    {"max_memory_restart", "limits.max_memory_mb"},
    {"memorymax", "limits.max_memory_mb"},
};

/// Returns the key of a synonym, if it can be written in a table with the keys `known`.
[[nodiscard]] std::string_view synonym_of(std::string_view word,
                                          std::span<const std::string_view> known) {
  const std::string lower = ascii_lower(word);
  for (const Synonym& synonym : synonyms) {
    const std::string_view first = synonym.key.substr(0, synonym.key.find('.'));
    const bool fits = std::find(known.begin(), known.end(), first) != known.end();
    if (synonym.word == lower && fits) return synonym.key;
  }
  return {};
}

[[nodiscard]] std::string place_of(std::string_view section) {
  if (section.empty()) return "at the top of the configuration file";
  if (section == "processes") return "in [[processes]]";
  if (section == "processes.log") return "in [processes.log] or [log]";
  return fmt::format("in [{}]", section);
}

/// Returns where `key` may be written, other than in `section`.
[[nodiscard]] std::vector<std::string> places_of(std::string_view key, std::string_view section) {
  std::vector<std::string> places;
  for (const KnownKey& known : known_keys()) {
    if (known.is_served && known.name == key && known.section != section) {
      places.push_back(place_of(known.section));
    }
  }
  return places;
}

}  // namespace

std::string key_hint(std::string_view key, std::string_view section,
                     std::span<const std::string_view> known) {
  if (const std::string_view synonym = synonym_of(key, known); !synonym.empty()) {
    return fmt::format("; did you mean \"{}\"?", synonym);
  }
  if (const auto places = places_of(key, section); !places.empty()) {
    return fmt::format("; it belongs {}", fmt::join(places, " or "));
  }
  std::string hint = did_you_mean(key, known);
  if (!hint.empty() || known.size() > max_listed) return hint;
  return fmt::format("; there {} {}", known.size() == 1 ? "is only" : "are",
                     fmt::join(known, ", "));
}

}  // namespace provisr::daemon
