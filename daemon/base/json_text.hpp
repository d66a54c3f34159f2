#pragma once

#include "daemon/base/utf8.hpp"

#include <provisr/process_metrics.hpp>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// A writer of one JSON text. Omits unknown figures together with their keys, and numbers that are
/// not finite, which JSON does not have.
class JsonText {
 public:
  using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

  template <class Members>
  void object(Members&& write_members) {
    writer_.StartObject();
    write_members();
    writer_.EndObject();
  }

  template <class Elements>
  void array(Elements&& write_elements) {
    writer_.StartArray();
    write_elements();
    writer_.EndArray();
  }

  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }

  /// Replaces bytes that are not UTF-8, because RapidJSON would write them unchanged.
  void text(std::string_view value) {
    if (!is_valid_utf8(value)) return text(to_valid_utf8(value));
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }

  void member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void member(std::string_view name, const char* value) { member(name, std::string_view(value)); }
  void member(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  void member(std::string_view name, std::int64_t value) {
    key(name);
    writer_.Int64(value);
  }
  void member(std::string_view name, std::uint64_t value) {
    key(name);
    writer_.Uint64(value);
  }
  void member(std::string_view name, double value) {
    if (!std::isfinite(value)) return;
    key(name);
    writer_.Double(value);
  }
  template <class T>
  void member(std::string_view name, Figure<T> figure) {
    if constexpr (std::floating_point<T>) {
      if (figure) member(name, *figure);
    } else {
      if (figure) member(name, static_cast<std::uint64_t>(*figure));
    }
  }

  [[nodiscard]] std::string str() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  Writer writer_{buffer_};
};

}  // namespace provisr::daemon
