#pragma once

#include <provisr/detail/family.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>
#include <provisr/tracking.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::detail {

/// The members of all families. A process that is born into a family joins it; a reaped process
/// leaves it. Each process is opened once, even if it is in several trees: a tree may lie within
/// another.
///
/// Not thread-safe.
template <class Sampler>
class FamilyRegistry {
 public:
  using Context = typename Sampler::Context;
  using Member = FamilyMember<Sampler>;

  /// `context` and `counters` must outlive the registry.
  FamilyRegistry(Context& context, FamilyCounters& counters, OrphanObserver orphan_observer)
      : context_(context), counters_(counters), orphan_observer_(std::move(orphan_observer)) {}

  [[nodiscard]] bool empty() const noexcept { return members_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }

  /// Returns null if the process is in no family.
  [[nodiscard]] Member* find(ProcessId pid) const noexcept {
    const auto found = members_.find(pid);
    return found == members_.end() ? nullptr : found->second;
  }

  /// Returns the member that leads the process group with this number, or led it when that was last
  /// known. A group outlives its leader, and as long as it is there, the system gives its number to
  /// no process. Returns null if there is no such member.
  [[nodiscard]] Member* find_group_leader(ProcessId group) noexcept {
    Member* const member = find(group);
    if (member == nullptr) return nullptr;
    if (member->seen_in_look != look_ && exists(*member)) member->seen_in_look = look_;
    return member->leads_group ? member : nullptr;
  }

  /// Returns the process that has this PID now, as the root of a new family if it is in none.
  /// Returns null and sets `error` if the process cannot be opened. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<Member> find_or_open(ProcessId leader, std::error_code& error) {
    if (auto member = living(leader)) return member;
    return plant(leader, error);
  }

  /// Returns whether the process of the member has not been reaped yet.
  [[nodiscard]] static bool exists(Member& member) noexcept {
    FamilyReading reading;
    return read_family(member, reading) != ReadStatus::vanished;
  }

  static ReadStatus read_family(Member& member, FamilyReading& reading) noexcept {
    const ReadStatus status = member.sampler.read_family(reading);
    if (status == ReadStatus::ok && !reading.is_unread) member.leads_group = reading.leads_group;
    return status;
  }

  /// Returns whether a process that descends from a member could not be added at the last look,
  /// because descriptors or memory are short. It is added once it can be read.
  [[nodiscard]] bool misses_members() const noexcept { return misses_members_; }

  /// Returns whether `upper` is an ancestor of `lower`.
  [[nodiscard]] static bool is_above(const Member& upper, const Member& lower) noexcept {
    const Member* above = lower.ancestor;
    while (above != nullptr && above != &upper) above = above->ancestor;
    return above != nullptr;
  }

  /// Adds all processes that descend from a member. `missed_some_before`: the previous look could
  /// not read all of them. `next_leader`: a process that is about to lead a tree. Throws
  /// std::bad_alloc.
  void adopt(std::span<const Descent> found, bool missed_some_before, ProcessId next_leader = 0) {
    missed_some_before_ = missed_some_before;
    next_leader_ = next_leader;
    misses_members_ = false;
    if (found.empty() || (members_.empty() && !orphan_observer_)) return;
    begin_look();
    for (const Descent& descent : found) adopt_one(descent);
    follow(found);
  }

  /// As adopt(), but only the descendants of one member.
  void adopt_below(ProcessId ancestor, std::span<const Descent> found) {
    begin_look();
    const bool has_kin = std::ranges::any_of(found, [&](const Descent& process) {
      return process.parent == ancestor || is_orphan_of(ancestor, process);
    });
    if (!has_kin) return;  // as most processes; the rest would sort what was found
    to_follow_.push_back(ancestor);
    follow(found);
  }

  /// Adds a process whose parent is not in the family, with its descendants. Throws std::bad_alloc.
  [[nodiscard]] std::error_code adopt_orphan(Member& leader, const Descent& orphan) {
    begin_look();
    if (!exists(leader)) return std::make_error_code(std::errc::no_such_process);
    if (const std::error_code error = add_orphan(leader, orphan)) return error;
    std::erase(told_, orphan.pid);
    adopt_below(orphan.pid, context_.candidates(orphan.pid));
    return {};
  }

  /// Stops watching a tree. Its members leave unless another tree contains them. If there are such
  /// trees and memory is short, all members stay until they end.
  void release(Member& leader) noexcept {
    if (--leader.trees > 0 || leader.ancestor != nullptr || leader.family == nullptr) return;
    Family<Sampler>& family = *leader.family;
    try {
      Families inner = split(family);
      families_.reserve(families_.size() + inner.size());
      std::ranges::move(inner, std::back_inserter(families_));
    } catch (const std::bad_alloc&) {
      for (const auto& member : family.members) member->family = &family;
      return;
    }
    for (const auto& member : family.members) leave(*member);
    drop(family);
  }

  /// Removes members that are gone. Members below them get another ancestor and waiter.
  void remove_gone(Family<Sampler>& family) noexcept {
    for (const auto& member : family.members) {
      if (member->ancestor != nullptr && member->ancestor->is_gone &&
          member->ancestor->ancestor != nullptr) {
        member->ancestor = member->ancestor->ancestor;
      }
      if (member->waiter != nullptr && member->waiter->is_gone) find_waiter(*member);
    }
    for (const auto& member : family.members) {
      if (member->is_gone && member->ancestor != nullptr) forget(*member);
    }
    std::erase_if(family.members, [](const auto& member) { return member->family == nullptr; });
  }

 private:
  using Families = std::vector<std::unique_ptr<Family<Sampler>>>;

  /// A process and its parent, or the leader of its group if it may be an orphan.
  struct Kin {
    ProcessId of;
    const Descent* process;
  };

  /// Returns the member that has this PID now, if any. Drops a member that no longer exists.
  [[nodiscard]] std::shared_ptr<Member> living(ProcessId pid) {
    Member* const member = find(pid);
    if (member == nullptr) return nullptr;
    if (!exists(*member)) {
      members_.erase(pid);  // its family removes it at the next reading
      note_ended(pid);
      return nullptr;
    }
    return member->shared_from_this();
  }

  [[nodiscard]] std::shared_ptr<Member> open(ProcessId pid, std::error_code& error) {
    auto sampler = Sampler::open(context_, pid, error);
    if (!sampler) return nullptr;
    return std::make_shared<Member>(pid, std::move(*sampler), counters_.slots().size(),
                                    counters_.asked().row_slots());
  }

  [[nodiscard]] std::shared_ptr<Member> plant(ProcessId leader, std::error_code& error) {
    std::shared_ptr<Member> member = open(leader, error);
    if (!member) return nullptr;
    auto family = std::make_unique<Family<Sampler>>();
    family->first_look = look_ + 1;
    families_.reserve(families_.size() + 1);
    enlist(member, *family);
    families_.push_back(std::move(family));
    return member;
  }

  /// Lists a member in its family and by its PID: both or, if memory is short, neither.
  void enlist(const std::shared_ptr<Member>& member, Family<Sampler>& family) {
    family.members.push_back(member);
    try {
      members_[member->pid] = member.get();
    } catch (...) {
      family.members.pop_back();
      throw;
    }
    member->family = &family;
  }

  /// Adopts all descendants of the processes in `to_follow_`. As ids wrap around, some may have
  /// been listed, and passed over, before their parents.
  void follow(std::span<const Descent> found) {
    if (to_follow_.empty()) return;
    list_kin(found);
    for (std::size_t next = 0; next < to_follow_.size(); ++next) {
      const ProcessId of = to_follow_[next];
      auto kin = std::ranges::lower_bound(kin_, of, {}, &Kin::of);
      for (; kin != kin_.end() && kin->of == of; ++kin) {
        const Member* const known = find(kin->process->pid);
        if (known == nullptr || known->ancestor == nullptr) adopt_one(*kin->process);
      }
    }
  }

  /// A group's leader is no orphan of itself.
  [[nodiscard]] static bool is_orphan_of(ProcessId leader, const Descent& process) noexcept {
    return process.orphan_of == leader && leader != 0 && leader != process.pid;
  }

  void list_kin(std::span<const Descent> found) {
    kin_.clear();
    for (const Descent& process : found) {
      kin_.push_back({process.parent, &process});
      if (is_orphan_of(process.orphan_of, process)) kin_.push_back({process.orphan_of, &process});
    }
    std::ranges::sort(kin_, {}, &Kin::of);
  }

  void begin_look() noexcept {
    to_follow_.clear();
    ended_.clear();
    ++look_;
  }

  /// Returns the member that has this PID. Asks the system once per look whether it still has: if
  /// the PID was reused, the child belongs to another process.
  [[nodiscard]] Member* find_parent(ProcessId pid) {
    Member* const member = find(pid);
    if (member == nullptr || member->seen_in_look == look_) return member;
    if (ended_.contains(pid)) return nullptr;
    if (exists(*member)) {
      member->seen_in_look = look_;
      return member;
    }
    ended_.insert(pid);
    return nullptr;
  }

  /// Adopts a process if it belongs to a family. If its parent has ended since it was found, the
  /// system has given it another parent: it is read again.
  void adopt_one(Descent descent) {
    while (!try_to_adopt(descent)) {
      const auto now = context_.descent_of(descent.pid);
      if (!now) return note_ended(descent.pid);
      if (now->parent == descent.parent) return;
      descent = *now;
    }
  }

  /// Returns false if the parent has ended since the process was found, so that `descent` is
  /// outdated.
  [[nodiscard]] bool try_to_adopt(const Descent& descent) {
    const std::shared_ptr<Member> known = living(descent.pid);
    Member* const parent = find_parent(descent.parent);
    Member* const ancestor = parent != nullptr ? parent : find_kin_of_orphan(descent);
    if (ancestor == nullptr) {
      if (!known) tell_of_orphan(descent);
      return !ended_.contains(descent.parent);
    }
    if (descent.pid == ancestor->pid) return true;
    if (known) {
      join(*known, *ancestor, parent, descent);
      return true;
    }
    std::error_code error;
    const std::shared_ptr<Member> member = open(descent.pid, error);
    if (!member) {
      note_unopened(descent.pid, *ancestor, error);
      return true;
    }
    return take_in(member, *ancestor, parent, descent);
  }

  void note_unopened(ProcessId pid, Member& ancestor, const std::error_code& error) {
    ancestor.must_ask = true;
    if (error == std::errc::no_such_process) return note_ended(pid);
    ancestor.has_unwatched_child = true;
    if (is_shortage(error)) try_again_later();
  }

  /// Notes an end. The children of the process, listed before it ended, are looked at again: they
  /// have another parent now.
  void note_ended(ProcessId pid) {
    if (ended_.insert(pid).second) to_follow_.push_back(pid);
  }

  [[nodiscard]] std::error_code add_orphan(Member& leader, const Descent& orphan) {
    Member* parent = find_parent(orphan.parent);
    if (parent != nullptr && parent->family != leader.family) parent = nullptr;
    if (const auto known = living(orphan.pid)) {
      join(*known, leader, parent, orphan);
      return {};
    }
    std::error_code error;
    const std::shared_ptr<Member> member = open(orphan.pid, error);
    if (!member) return error;
    const bool was_unread = take_in(member, leader, parent, orphan) && misses_members_;
    if (member->family != nullptr) return {};
    return std::make_error_code(was_unread ? std::errc::resource_unavailable_try_again
                                           : std::errc::no_such_process);
  }

  /// Reports a possible orphan, or a child of a reported process, which becomes an orphan if its
  /// parent ends before it is added.
  void tell_of_orphan(const Descent& process) {
    if (!orphan_observer_ || !may_be_new(process) || process.pid == next_leader_) return;
    const bool is_below_told = std::ranges::find(told_, process.parent) != told_.end();
    if (process.orphan_of == 0 && !is_below_told) return;
    const ProcessId self = context_.own_process();
    if (is_below_told || process.parent == self) note_told(process.pid);
    orphan_observer_(process.pid, is_below_told ? self : process.parent);
  }

  [[nodiscard]] bool may_be_new(const Descent& process) const noexcept {
    return process.is_newborn && (*process.is_newborn || missed_some_before_);
  }

  void note_told(ProcessId pid) {
    constexpr std::size_t most = 256;
    if (told_.size() >= most) told_.erase(told_.begin(), told_.begin() + most / 2);
    told_.push_back(pid);
  }

  /// Returns the member that an orphan descends from: the leader of its process group. Null if the
  /// orphan was there at earlier looks, with a parent that was no member: it stays a stranger.
  [[nodiscard]] Member* find_kin_of_orphan(const Descent& orphan) noexcept {
    Member* const leader = orphan.orphan_of == 0 ? nullptr : find_group_leader(orphan.orphan_of);
    if (leader == nullptr || missed_some_before_) return leader;
    const bool was_seen = orphan.is_newborn == false && look_ > leader->family->first_look;
    return was_seen ? nullptr : leader;
  }

  [[nodiscard]] static bool is_shortage(const std::error_code& error) noexcept {
    return error == std::errc::too_many_files_open ||
           error == std::errc::too_many_files_open_in_system ||
           error == std::errc::not_enough_memory;
  }

  /// Looks at all processes then, because this one may have another parent by that time.
  void try_again_later() noexcept {
    misses_members_ = true;
    context_.recount_processes();
  }

  /// See try_to_adopt().
  [[nodiscard]] bool take_in(const std::shared_ptr<Member>& member, Member& ancestor,
                             Member* parent, const Descent& descent) {
    FamilyReading reading = counters_.family_reading();
    const ReadStatus status = member->sampler.read_family(reading, descent);
    const bool has_ended = status == ReadStatus::vanished || reading.is_being_collected;
    const bool is_orphaned = reading.parent != descent.parent;
    if (has_ended || reading.is_unread || is_orphaned) {
      ancestor.must_ask = true;
      if (has_ended) note_ended(descent.pid);
      if (reading.is_unread) try_again_later();
      return has_ended || reading.is_unread;
    }
    add(member, ancestor, parent, reading);
    return true;
  }

  void add(const std::shared_ptr<Member>& member, Member& ancestor, Member* parent,
           const FamilyReading& reading) {
    to_follow_.push_back(member->pid);
    member->seen_in_look = look_;
    enlist(member, *ancestor.family);
    member->ancestor = &ancestor;
    member->waiter = parent;
    member->leads_group = reading.leads_group;
    member->is_kernel_thread = reading.is_kernel_thread;
    member->must_ask = !reading.children_cpu_ns;
    member->cpu.children = reading.children_cpu_ns.value_or(0);
    counters_.for_each(*member, [&](Account& account, std::size_t slot) {
      if (counters_.is_apart(slot)) account.children = reading.children.slots[slot].value_or(0);
    });
  }

  /// Merges the family of `root` into that of a process which it descends from, and which is
  /// watched by now, too. `parent`: null if it is no member.
  void join(Member& root, Member& ancestor, Member* parent, const Descent& descent) {
    if (root.ancestor != nullptr || root.family == ancestor.family) return;
    Family<Sampler>& joining = *root.family;
    Family<Sampler>& joined = *ancestor.family;
    joined.members.insert(joined.members.end(), joining.members.begin(), joining.members.end());
    for (const auto& member : joining.members) member->family = &joined;
    for (const auto& member : joining.members) {
      if (member->waiter == nullptr) find_waiter(*member);  // an orphan's may be a member by now
    }
    root.ancestor = &ancestor;
    root.waiter = parent;
    root.is_kernel_thread = descent.is_kernel_thread;
    drop(joining);
  }

  void drop(const Family<Sampler>& family) noexcept {
    std::erase_if(families_, [&](const auto& each) { return each.get() == &family; });
  }

  void forget(Member& member) noexcept {
    if (find(member.pid) == &member) members_.erase(member.pid);
    member.family = nullptr;
  }

  /// Returns families of the trees within this one. Changes only the family of each member: to one
  /// of these, or to null if no tree contains it. Ancestors come first in a family.
  [[nodiscard]] Families split(const Family<Sampler>& family) {
    Families inner;
    for (const auto& member : family.members) {
      member->family = member->ancestor != nullptr ? member->ancestor->family : nullptr;
      if (member->family == nullptr && member->trees > 0) {
        inner.push_back(std::make_unique<Family<Sampler>>());
        member->family = inner.back().get();
      }
      if (member->family != nullptr) member->family->members.push_back(member);
    }
    return inner;
  }

  /// Ends what connects a member with the family that it was in before split().
  void leave(Member& member) noexcept {
    if (member.family == nullptr) return forget(member);
    const auto is_elsewhere = [&](const Member* other) {
      return other != nullptr && other->family != member.family;
    };
    if (is_elsewhere(member.ancestor)) member.ancestor = nullptr;
    if (is_elsewhere(member.waiter)) member.waiter = nullptr;
  }

  /// Finds the new waiter of a member whose parent is gone. If the member still exists, the system
  /// has given it another parent, which may be a member. If not, its parent may have reaped it, and
  /// its usage has moved on with that of the parent.
  void find_waiter(Member& member) noexcept {
    FamilyReading reading;
    if (member.is_gone || member.sampler.read_family(reading) == ReadStatus::vanished) {
      while (member.waiter != nullptr && member.waiter->is_gone) {
        member.waiter = member.waiter->waiter;
      }
      return;
    }
    Member* const parent = find(reading.parent);
    const bool is_member = parent != nullptr && parent->family == member.family && !parent->is_gone;
    member.waiter = is_member ? parent : nullptr;
  }

  Context& context_;
  FamilyCounters& counters_;
  OrphanObserver orphan_observer_;
  std::unordered_map<ProcessId, Member*> members_;
  Families families_;
  std::vector<Kin> kin_;
  std::vector<ProcessId> to_follow_;
  std::unordered_set<ProcessId> ended_;  ///< since they, or a child of theirs, were found
  std::uint64_t look_ = 0;
  std::vector<ProcessId> told_;  ///< the latest that the observer was told of
  ProcessId next_leader_ = 0;
  bool missed_some_before_ = false;
  bool misses_members_ = false;
};

}  // namespace provisr::detail
