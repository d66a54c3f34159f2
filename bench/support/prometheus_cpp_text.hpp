#pragma once

#include <provisr/snapshot.hpp>

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace provisr::bench {

/// The samples of a snapshot, converted once to the data structures of prometheus-cpp.
class PrometheusCppText {
 public:
  explicit PrometheusCppText(const Snapshot& snapshot);

  [[nodiscard]] std::string serialize() const;

 private:
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace provisr::bench
