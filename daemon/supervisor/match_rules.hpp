#pragma once

#include "daemon/base/glob.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/name_template.hpp"
#include "daemon/platform/process_facts.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The `match` rules of a configuration, compiled into patterns. Immutable once constructed.
class MatchRules {
 public:
  MatchRules() = default;
  /// Requires that each of `processes` has a `match`. The number of a rule is its index there.
  explicit MatchRules(const std::vector<ProcessConfig>& processes);

  struct Match {
    std::size_t rule;
    std::string base;  ///< the name of the process, without a number

    bool operator==(const Match&) const = default;
  };

  /// Returns the first rule that the process fits; empty if it fits none.
  [[nodiscard]] std::optional<Match> find(const ProcessFacts& process) const;

  /// Returns the facts that find() needs.
  [[nodiscard]] const FactSet& wanted() const { return wanted_; }

  [[nodiscard]] bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    std::optional<Glob> unit;
    std::optional<Glob> cgroup;
    std::optional<Glob> exe;
    std::optional<Glob> args;
    std::optional<Glob> user;
    NameTemplate name;
  };

  std::vector<Rule> rules_;
  FactSet wanted_;
};

}  // namespace provisr::daemon
