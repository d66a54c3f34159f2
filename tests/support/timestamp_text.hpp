#pragma once

#include <provisr/process_metrics.hpp>

#include <catch2/catch_tostring.hpp>

#include <string>

/// Replaces Catch2's conversion, which uses system_clock::to_time_t: in libc++ that does not accept
/// nanoseconds.
template <>
struct Catch::StringMaker<provisr::Timestamp> {
  static std::string convert(provisr::Timestamp moment) {
    return std::to_string(moment.time_since_epoch().count()) + " ns since the epoch";
  }
};
