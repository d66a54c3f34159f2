#include "daemon/api/scrapes.hpp"

#include "daemon/base/gzip.hpp"

#include <exception>
#include <utility>

namespace provisr::daemon {

Scrapes::~Scrapes() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::size_t Scrapes::index_of(Variant variant) {
  const std::size_t of_format = variant.format == ExpositionFormat::text ? 0 : 2;
  return of_format + (variant.is_gzipped ? 1 : 0);
}

bool Scrapes::is_fresh(std::uint64_t revision, TimePoint read_at) const {
  return revision == steps_.revision() && steps_.now() - read_at <= max_age;
}

Scrapes::Text Scrapes::fresh(Variant variant) const {
  return fresh_entry(variant).text;
}

/// Returns an entry without a text if there is no fresh one.
Scrapes::Entry Scrapes::fresh_entry(Variant variant) const {
  Entry entry;
  {
    const std::lock_guard lock(mutex_);
    entry = entries_[index_of(variant)];
  }
  if (entry.text == nullptr || !is_fresh(entry.revision, entry.read_at)) return {};
  return entry;
}

void Scrapes::start() {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Scrapes::request(Variant variant, Completion completion) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back({variant, std::move(completion)});
  }
  wake_.notify_one();
}

void Scrapes::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    await_requests(lock);
    if (is_stopping_) return;
    const std::vector<Request> requests = std::exchange(requests_, {});
    lock.unlock();
    for (const Request& request : requests) serve(request);
    lock.lock();
  }
}

/// Waits for requests. Releases a reading that gets too old, because its snapshot may be the last
/// to hold a history.
void Scrapes::await_requests(std::unique_lock<std::mutex>& lock) {
  const auto is_due = [this] { return is_stopping_ || !requests_.empty(); };
  if (reading_ && !wake_.wait_for(lock, max_age, is_due)) reading_.reset();
  wake_.wait(lock, is_due);
}

void Scrapes::serve(const Request& request) {
  Text text;
  try {
    text = make(request.variant).text;
  } catch (const std::exception&) {  // no memory: the client gets an error
  }
  request.completion(std::move(text));
}

Scrapes::Entry Scrapes::make(Variant variant) {
  if (Entry kept = fresh_entry(variant); kept.text != nullptr) return kept;
  Entry entry = make_plain(variant.format);
  if (!variant.is_gzipped) return entry;
  auto packed = gzip(*entry.text);
  if (!packed) return {};
  entry.text = std::make_shared<const std::string>(std::move(*packed));
  return keep(variant, entry);
}

Scrapes::Entry Scrapes::make_plain(ExpositionFormat format) {
  if (Entry kept = fresh_entry({format}); kept.text != nullptr) return kept;
  const Reading& reading = fresh_reading();
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    const Text& before = entries_[index_of({format})].text;
    if (before != nullptr) text.reserve(before->size() + before->size() / 8);
  }
  steps_.write(reading.counters, format, text);
  forget_other_formats(format);
  return keep({format}, {.text = std::make_shared<const std::string>(std::move(text)),
                         .revision = reading.counters.snapshot().revision(),
                         .read_at = reading.read_at});
}

/// Returns a reading that is fresh. Its age counts from before the first counter was read.
const Scrapes::Reading& Scrapes::fresh_reading() {
  if (reading_ && is_fresh(reading_->counters.snapshot().revision(), reading_->read_at)) {
    return *reading_;
  }
  reading_.reset();  // releases its snapshot first, so that the registry needs no extra buffer
  const TimePoint now = steps_.now();
  reading_.emplace(Reading{steps_.read(), now});
  return *reading_;
}

/// Provisrd's own counters are read when a text is written. A kept text of another format would
/// show them lower than the text written since.
void Scrapes::forget_other_formats(ExpositionFormat format) {
  const std::lock_guard lock(mutex_);
  for (const auto other : {ExpositionFormat::text, ExpositionFormat::openmetrics}) {
    if (other == format) continue;
    for (const bool is_gzipped : {false, true}) entries_[index_of({other, is_gzipped})] = {};
  }
}

const Scrapes::Entry& Scrapes::keep(Variant variant, const Entry& entry) {
  const std::lock_guard lock(mutex_);
  return entries_[index_of(variant)] = entry;
}

}  // namespace provisr::daemon
