#pragma once

#include <provisr/process_metrics.hpp>

#include <catch2/catch_tostring.hpp>

#include <string>

/// Catch2 shows a moment by system_clock::to_time_t, which libc++ does not take nanoseconds for.
template <>
struct Catch::StringMaker<provisr::Timestamp> {
  static std::string convert(provisr::Timestamp moment) {
    return std::to_string(moment.time_since_epoch().count()) + " ns since the epoch";
  }
};
