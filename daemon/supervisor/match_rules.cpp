#include "daemon/supervisor/match_rules.hpp"

#include <string_view>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::optional<Glob> glob_of(const std::string& pattern, bool& is_wanted) {
  if (pattern.empty()) return std::nullopt;
  is_wanted = true;
  return Glob(pattern);
}

[[nodiscard]] bool fits(const std::optional<Glob>& glob, const std::optional<std::string>& fact) {
  return !glob || (fact && glob->match(*fact));
}

}  // namespace

MatchRules::MatchRules(const std::vector<ProcessConfig>& processes) {
  for (const ProcessConfig& process : processes) {
    const ProcessMatch& match = *process.match;
    rules_.push_back({.unit = glob_of(match.unit, wanted_.unit),
                      .cgroup = glob_of(match.cgroup, wanted_.cgroup),
                      .exe = glob_of(match.exe, wanted_.exe),
                      .args = glob_of(match.args, wanted_.args),
                      .user = glob_of(match.user, wanted_.user),
                      .name = NameTemplate(process.name)});
  }
}

std::optional<MatchRules::Match> MatchRules::find(const ProcessFacts& process) const {
  for (std::size_t number = 0; number < rules_.size(); ++number) {
    const Rule& rule = rules_[number];
    const bool fits_others = fits(rule.unit, process.unit) && fits(rule.cgroup, process.cgroup) &&
                             fits(rule.exe, process.exe) && fits(rule.user, process.user);
    if (!fits_others) continue;
    if (!rule.args) return Match{number, rule.name.name_for({})};
    const auto captures = process.args ? rule.args->match(*process.args)
                                       : std::optional<std::vector<std::string_view>>();
    if (captures) return Match{number, rule.name.name_for(*captures)};
  }
  return std::nullopt;
}

}  // namespace provisr::daemon
