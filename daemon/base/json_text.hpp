#pragma once

#include "daemon/base/utf8.hpp"

#include <provisr/process_metrics.hpp>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// The allocator of RapidJSON's buffers, which do not check whether there is memory.
class ThrowingAllocator {
 public:
  static constexpr bool kNeedFree = true;

  [[nodiscard]] static void* Malloc(std::size_t size) { return Realloc(nullptr, 0, size); }
  [[nodiscard]] static void* Realloc(void* memory, std::size_t /*old_size*/, std::size_t size) {
    if (size == 0) {
      Free(memory);
      return nullptr;
    }
    void* const grown = std::realloc(memory, size);
    if (grown == nullptr) throw std::bad_alloc();
    return grown;
  }
  static void Free(void* memory) noexcept { std::free(memory); }
};

using JsonBuffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, ThrowingAllocator>;
using JsonWriter =
    rapidjson::Writer<JsonBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, ThrowingAllocator>;

/// Lets `convert(begin)` write at most `most` characters at the end of the buffer. It returns their
/// end.
template <class Convert>
bool append_number(JsonBuffer& buffer, std::size_t most, Convert convert) {
  char* const begin = buffer.Push(most);
  const char* const end = convert(begin);
  buffer.Pop(most - static_cast<std::size_t>(end - begin));
  return true;
}

}  // namespace provisr::daemon

/// RapidJSON writes numbers straight into its own StringBuffer, but into another buffer one
/// character after the other.
namespace rapidjson {

template <>
inline bool provisr::daemon::JsonWriter::WriteInt64(std::int64_t value) {
  return provisr::daemon::append_number(
      *os_, 21, [value](char* begin) { return internal::i64toa(value, begin); });
}

template <>
inline bool provisr::daemon::JsonWriter::WriteUint64(std::uint64_t value) {
  return provisr::daemon::append_number(
      *os_, 20, [value](char* begin) { return internal::u64toa(value, begin); });
}

/// Requires a finite value.
template <>
inline bool provisr::daemon::JsonWriter::WriteDouble(double value) {
  return provisr::daemon::append_number(*os_, 25, [this, value](char* begin) {
    return internal::dtoa(value, begin, maxDecimalPlaces_);
  });
}

}  // namespace rapidjson

namespace provisr::daemon {

/// A writer of one JSON text. Throws std::bad_alloc. Omits unknown figures together with their
/// keys, and numbers that are not finite, which JSON does not have.
class JsonText {
 public:
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
  JsonBuffer buffer_;
  JsonWriter writer_{buffer_};
};

}  // namespace provisr::daemon
