#pragma once

#include "daemon/platform/process_facts.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace provisr::daemon {

/// Returns the ancestors of a process, the nearest first, at most 64. `read(pid)` returns the key
/// and the kin of a living process. An orphan belongs to the leader of its process group, unless
/// that leader descends from it.
template <class Read>
[[nodiscard]] std::vector<ProcessKey> ancestors_by(Read read, const ProcessFacts& process) {
  constexpr std::size_t most = 64;
  const auto collect = [&](bool by_group) {
    std::vector<ProcessKey> ancestors;
    std::optional<ProcessFacts> one = process;
    while (one && ancestors.size() < most) {
      one = read(by_group && one->orphan_of != 0 ? one->orphan_of : one->parent);
      if (!one) break;
      const bool is_circle =
          one->key == process.key ||
          std::find(ancestors.begin(), ancestors.end(), one->key) != ancestors.end();
      if (is_circle) return std::optional<std::vector<ProcessKey>>();
      ancestors.push_back(one->key);
    }
    return std::optional(ancestors);
  };
  if (auto ancestors = collect(true)) return *ancestors;
  return collect(false).value_or(std::vector<ProcessKey>());
}

}  // namespace provisr::daemon
