#pragma once

#include "daemon/base/json_text.hpp"
#include "daemon/base/timestamp.hpp"

#include <provisr/figures.hpp>

#include <cstdint>
#include <string_view>

namespace provisr::daemon {

/// One sample as a JSON object: the figures of the table in its order, unknown ones left out.
template <const auto& table = figures>
void write_sample(JsonText& json, std::string_view name, const SampleView& sample) {
  json.object([&] {
    json.member("pid", std::int64_t{sample.metrics.pid});
    json.member("name", name);
    for_each_figure<table>([&](auto figure) {
      constexpr const FigureInfo& info = decltype(figure)::info;
      if constexpr (info.id == "num_threads") {
        json.member("timestamp", rfc3339(sample.metrics.timestamp));
      }
      if constexpr (!info.json_key.empty()) json.member(info.json_key, figure.of(sample));
    });
  });
}

}  // namespace provisr::daemon
