#pragma once

#include "daemon/api/history_query.hpp"
#include "daemon/base/json_text.hpp"
#include "daemon/base/timestamp.hpp"

#include <provisr/figures.hpp>

#include <cstdint>
#include <string_view>

namespace provisr::daemon {

/// The row before which the timestamp stands, as it does in the Go provisr.
inline constexpr std::string_view row_after_timestamp = "num_threads";

/// Writes a sample as a JSON object with its timestamp and the figures of the table, in its order.
/// Leaves out figures that are unknown or not in `fields`.
template <const auto& table = figures>
void write_sample(JsonText& json, std::string_view name, const SampleView& sample,
                  const Fields& fields = {}) {
  json.object([&] {
    if (fields.has("pid")) json.member("pid", std::int64_t{sample.metrics.pid});
    if (fields.has("name")) json.member("name", name);
    for_each_figure<table>([&](auto figure) {
      constexpr const FigureInfo& info = decltype(figure)::info;
      if constexpr (info.id == row_after_timestamp) {
        json.member("timestamp", rfc3339(sample.metrics.timestamp));
      }
      if constexpr (!info.json_key.empty()) {
        if (fields.has(info.json_key)) json.member(info.json_key, figure.of(sample));
      }
    });
  });
}

}  // namespace provisr::daemon
