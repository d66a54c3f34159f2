#include "daemon/platform/posix/fork_arena.hpp"

#include <algorithm>

namespace provisr::daemon {

char* ForkArena::copy(std::string_view text) {
  char* const place = static_cast<char*>(take(text.size() + 1));
  std::ranges::copy(text, place);
  return place;
}

char** ForkArena::copy(const std::vector<std::string>& texts) {
  char** const pointers = static_cast<char**>(take((texts.size() + 1) * sizeof(char*)));
  for (std::size_t i = 0; i < texts.size(); ++i) pointers[i] = copy(texts[i]);
  return pointers;
}

void* ForkArena::take(std::size_t size) {
  constexpr std::size_t chunk_size = std::size_t{64} * 1024;
  constexpr std::size_t alignment = alignof(std::max_align_t);
  size = (size + alignment - 1) / alignment * alignment;
  if (rest_.size() < size) {
    chunks_.push_back(std::make_unique<posix_platform::MappedPages>(
        posix_platform::map_zeros(std::max(size, chunk_size))));
    rest_ = chunks_.back()->bytes();
  }
  void* const place = rest_.data();
  rest_ = rest_.subspan(size);
  return place;
}

}  // namespace provisr::daemon
