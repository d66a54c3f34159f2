#pragma once

#include <provisr/detail/account.hpp>
#include <provisr/detail/family.hpp>
#include <provisr/detail/family_registry.hpp>
#include <provisr/detail/figure_sums.hpp>
#include <provisr/detail/prefetch.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>
#include <provisr/tracking.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace provisr::detail {

/// What ProcessForest requires of a sampler beyond reading figures.
template <class Sampler>
concept SamplesFamilies = requires(Sampler& sampler, typename Sampler::Context& context,
                                   FamilyReading& family) {
  { context.new_processes() } -> std::same_as<std::span<const Descent>>;
  { context.candidates(ProcessId{}) } -> std::same_as<std::span<const Descent>>;
  { context.missed_processes() } -> std::same_as<bool>;
  { context.has_unread_processes() } -> std::same_as<bool>;
  { context.descent_of(ProcessId{}) } -> std::same_as<std::optional<Descent>>;
  { context.own_process() } -> std::same_as<ProcessId>;
  { context.reports_children_cpu() } -> std::same_as<bool>;
  { context.children_accounts() } -> std::same_as<ChildrenAccounts>;
  context.recount_processes();
  { sampler.read_family(family) } -> std::same_as<ReadStatus>;
  { sampler.read_family(family, Descent{}) } -> std::same_as<ReadStatus>;
};

/// Reads the counters; reads all figures if the sampler has no read_counters().
template <class Sampler>
[[nodiscard]] ReadStatus read_counters_of(Sampler& sampler, ProcessReading& reading) noexcept {
  if constexpr (requires { sampler.read_counters(reading); }) {
    return sampler.read_counters(reading);
  } else {
    return sampler.read(reading);
  }
}

/// The process trees that a registry watches. Each process is opened once, even if it is in several
/// trees: a tree may lie within another.
///
/// An Account tracks each counter of each member. The CPU time of children is coarse (see
/// FamilyReading), so the sum may fall by some milliseconds when a member ends. The value shown
/// then stays the same until the sum has caught up.
///
/// Not thread-safe. Must outlive its Tree objects.
template <SamplesFamilies Sampler>
class ProcessForest {
 public:
  using Context = typename Sampler::Context;

  class Tree;

  ProcessForest(Context& context, FurtherFigures further_figures,
                OrphanObserver orphan_observer = {})
      : context_(context),
        counters_(further_figures, context.children_accounts()),
        registry_(context, counters_, std::move(orphan_observer)) {}
  ProcessForest(const ProcessForest&) = delete;
  ProcessForest& operator=(const ProcessForest&) = delete;

  /// Watches the tree below the process that has this PID now. `count`: see TrackOptions. On
  /// failure, returns empty with the errors of Sampler::open. Throws std::bad_alloc.
  [[nodiscard]] std::optional<Tree> open(ProcessId leader, std::error_code& error,
                                         const CpuTimeCount& count = {}) {
    ++round_;
    CpuTimeCount own_count = count;  // first, because to copy it may fail
    return without_loss([&]() -> std::optional<Tree> {
      registry_.adopt(context_.new_processes(), misses_members_, leader);
      std::shared_ptr<Member> member = registry_.find_or_open(leader, error);
      note_missing();
      if (!member) return std::nullopt;
      if (own_count) member->cpu_time_count = std::move(own_count);
      Tree tree(*this, std::move(member));
      registry_.adopt_below(leader, context_.candidates(leader));
      note_missing();
      error.clear();
      return tree;
    });
  }

  /// Finds members born since the last call. Call it after the context's begin_tick, before
  /// Tree::read.
  void begin_tick() noexcept {
    ++round_;
    look_for_births();
  }

  /// Finds members born since the last look, between two ticks, before Tree::read_counters.
  void look_for_births() noexcept {
    if (registry_.empty()) return;
    try {
      without_loss([this] {
        registry_.adopt(context_.new_processes(), misses_members_);
        note_missing();
      });
    } catch (const std::bad_alloc&) {  // the next look makes up for it
    }
  }

  /// Notes that this program is about to reap a process that does not lead a tree.
  void note_collected(const EndedChild& child) noexcept {
    Member* const member = registry_.find(child.pid);
    if (member != nullptr && registry_.exists(*member)) {
      note_own_collected(*member, child);
    } else if (!is_stranger(child.pid)) {
      Member* const former = registry_.find_group_leader(child.process_group);
      if (former != nullptr) note_unseen_collected(*former, child);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return registry_.size(); }

 private:
  using Member = FamilyMember<Sampler>;
  using Registry = FamilyRegistry<Sampler>;

  /// Calls `adopt`. If memory is too short for some new processes, the next look finds them.
  template <class Adopt>
  auto without_loss(Adopt&& adopt) {
    try {
      return adopt();
    } catch (const std::bad_alloc&) {
      context_.recount_processes();
      misses_members_ = true;
      throw;
    }
  }

  void note_missing() noexcept {
    misses_members_ = registry_.misses_members() || context_.has_unread_processes();
  }

  [[nodiscard]] std::error_code adopt_orphan(Member& leader, ProcessId orphan,
                                             std::uint64_t& cpu_time_before) {
    return without_loss([&]() -> std::error_code {
      registry_.adopt(context_.new_processes(), misses_members_);
      note_missing();
      const auto descent = context_.descent_of(orphan);
      if (!descent || leader.family == nullptr) {
        return std::make_error_code(std::errc::no_such_process);
      }
      const auto& members = leader.family->members;
      const std::size_t known = members.size();
      const std::error_code error = registry_.adopt_orphan(leader, *descent);
      note_missing();
      if (error || descent->is_newborn == true) return error;
      for (const auto& added : std::span(members).subspan(known)) {
        cpu_time_before += cpu_time_of(*added);
      }
      return {};
    });
  }

  [[nodiscard]] static std::uint64_t cpu_time_of(Member& member) noexcept {
    ProcessReading own;
    const ReadStatus status = read_counters_of(member.sampler, own);
    if (status == ReadStatus::ok) member.cpu.note_own(own.cpu_time_ns);
    return member.cpu.used() + member.cpu.lost;
  }

  /// Returns whether a process was there at earlier looks, but is no member.
  [[nodiscard]] bool is_stranger(ProcessId pid) const noexcept {
    if (misses_members_) return false;
    const auto descent = context_.descent_of(pid);
    return descent && descent->is_newborn == false;
  }

  // --- at a tick

  void read(Family<Sampler>& family) noexcept {
    if (std::exchange(family.round, round_) == round_) return;
    for (const auto& member : family.members) begin_sum(*member);
    if (counters_.has_contained()) read_contained(family.members);
    for (auto member = family.members.rbegin(); member != family.members.rend(); ++member) {
      visit(**member);
    }
    bool has_gone = false;
    for (auto member = family.members.rbegin(); member != family.members.rend(); ++member) {
      sum_accounts(**member);
      has_gone |= (*member)->is_gone;
    }
    if (has_gone) registry_.remove_gone(family);
  }

  /// Returns whether the member is alone in its family, in one tree and without further figures:
  /// most processes have no children.
  [[nodiscard]] bool is_alone(const Member& member) const noexcept {
    return member.trees == 1 && member.family->members.size() == 1 && counters_.asked().empty();
  }

  /// As read(Family&) in one step. Requires is_alone(member). Returns false if the member has
  /// ended.
  [[nodiscard]] bool read_alone(Member& member, ProcessReading& reading) noexcept {
    if (member.has_ended || member.sampler.read(reading) == ReadStatus::vanished) return false;
    reading.num_processes = 1;
    member.cpu.note_own(reading.cpu_time_ns);
    if (must_ask(member)) ask_for_children(member);
    member.cpu.show(false);
    reading.cpu_time_ns = member.cpu.shown;
    return true;
  }

  /// Reads counters whose value contains that of reaped children: before all else, and each member
  /// before its children. A child reaped after its parent was read is found gone in its turn; one
  /// found present in its turn is in no value read so far. So nothing is counted twice.
  void read_contained(std::span<const std::shared_ptr<Member>> members) noexcept {
    for (const auto& member : members) member->has_uncounted_child = false;
    for (const auto& member : members) {
      if (member->waiter != nullptr) member->waiter->has_uncounted_child |= !member->is_counted;
    }
    for (const auto& member : members) {
      ProcessReading own = counters_.contained_reading();
      if (!read_contained(*member, own)) continue;
      if (!own.more.refused.empty()) member->sum.more.refuse(own.more.refused, own.more.error);
      counters_.for_each_contained(*member, [&](Account& account, std::size_t slot) {
        account.note_own_with_children(own.more.slots[slot], member->has_uncounted_child);
      });
    }
  }

  /// Also sets is_counted. Returns false if the member can no longer be read.
  [[nodiscard]] bool read_contained(Member& member, ProcessReading& own) noexcept {
    const bool is_read = read_counters_of(member.sampler, own) == ReadStatus::ok;
    member.is_counted = member.waiter == nullptr || is_here(member);  // must follow the read
    return is_read;
  }

  /// Resets the sum. Without further figures, the first part added becomes the sum.
  void begin_sum(Member& member) noexcept {
    begin_below(member);
    member.has_sum = !counters_.asked().empty();
    if (!member.has_sum) return;
    member.sum = {};
    std::ranges::fill(member.more, Figure<std::uint64_t>(0));
    member.sum.more = {.slots = member.more, .asked = counters_.asked()};
    set_levels_to_zero(member.sum);
  }

  void begin_below(Member& member) const noexcept {
    member.cpu.below = 0;
    counters_.for_each(member, [](Account& account, std::size_t) { account.below = 0; });
  }

  /// Reads one member. All members below it must have been visited before.
  void visit(Member& member) noexcept {
    ProcessReading own = counters_.other_reading();
    if (member.has_ended || member.sampler.read(own) == ReadStatus::vanished) {
      visit_ended(member);
    } else {
      own.num_processes = 1;
      if (may_be_completed(member) && is_ending(own)) complete_ending(own);
      note_awaited(member, own.more);
      add_to_sum(member, own);
      note_own(member, own);
      if (must_ask(member)) ask_for_children(member);
    }
    if (member.ancestor == nullptr) return;
    member.ancestor->sum.more.awaited |= member.sum.more.awaited;
    if (member.has_sum) add_to_sum(*member.ancestor, member.sum);
  }

  /// The figures of a tree whose leader is ending stay unknown. A kernel thread never has memory.
  [[nodiscard]] static bool may_be_completed(const Member& member) noexcept {
    return member.ancestor != nullptr && !member.is_kernel_thread;
  }

  static void add_to_sum(Member& member, const ProcessReading& part) noexcept {
    if (std::exchange(member.has_sum, true)) {
      add_levels(member.sum, part);
    } else {
      copy_levels(part, member.sum);
    }
  }

  /// Marks the sum as incomplete if figures are still being read. A member that was born since the
  /// last tick has had no time to report them and does not count.
  static void note_awaited(Member& member, const FurtherReadings& own) noexcept {
    member.awaited = own.awaited;
    if (std::exchange(member.was_visited, true)) member.sum.more.awaited |= own.awaited;
  }

  void note_own(Member& member, const ProcessReading& own) noexcept {
    member.cpu.note_own(own.cpu_time_ns);
    counters_.for_each_other(member, [&](Account& account, std::size_t slot) {
      account.note_own(own.more.slots[slot]);
    });
  }

  /// Returns whether the member runs, or is a zombie that nobody is reaping yet.
  [[nodiscard]] static bool is_here(Member& member) noexcept {
    FamilyReading family;
    const ReadStatus status = Registry::read_family(member, family);
    return status == ReadStatus::ok && !family.is_being_collected;
  }

  void visit_ended(Member& member) noexcept {
    const bool was_known = std::exchange(member.has_ended, true);
    member.is_gone = ask_for_children(member) == ReadStatus::vanished;
    if (member.is_gone) return settle(member);
    if (!was_known && !counters_.empty()) read_last_counters(member);
    member.cpu.is_known = true;
    counters_.for_each(member, [](Account& account, std::size_t) { account.is_known = true; });
  }

  /// Reads the final counters of a zombie that has not been reaped yet.
  void read_last_counters(Member& member) noexcept {
    ProcessReading own = counters_.other_reading();
    if (read_counters_of(member.sampler, own) == ReadStatus::ok) note_own(member, own);
  }

  /// Keeps the growth since the last tick: children of the member that are not known to have ended
  /// yet may be part of it.
  void read_last_contained(Member& member) noexcept {
    ProcessReading own = counters_.contained_reading();
    if (read_counters_of(member.sampler, own) != ReadStatus::ok) return;
    counters_.for_each_contained(member, [&](Account& account, std::size_t slot) {
      account.note_own_with_children(own.more.slots[slot], member.has_uncounted_child);
    });
  }

  /// Sums up one member. All members below it must have been summed up before.
  void sum_accounts(Member& member) const noexcept {
    member.cpu.show(member.is_gone);
    counters_.for_each(member, [&](Account& account, std::size_t slot) {
      if (counters_.is_contained(slot) && !member.is_gone) {
        account.show_with_children(member.is_counted);
      } else {
        account.show(member.is_gone);
      }
    });
    hand_up(member);
    member.sum.cpu_time_ns = member.cpu.below;
    counters_.for_each(member, [&](Account& account, std::size_t slot) {
      member.sum.more.slots[slot] = account.below;
    });
  }

  static void hand_up(Member& member) noexcept {
    member.cpu.hand_up(member.ancestor == nullptr ? nullptr : &member.ancestor->cpu);
    for (std::size_t i = 0; i < member.further.size(); ++i) {
      member.further[i].hand_up(member.ancestor == nullptr ? nullptr
                                                           : &member.ancestor->further[i]);
    }
  }

  // --- between two ticks

  /// Reads the counters of a tree now. A member that has ended since it was last read counts with
  /// its last known value, and with the rest of it once a member has waited for it.
  void read_counters(Member& leader, ProcessReading& reading) noexcept {
    const auto& members = leader.family->members;
    const auto end = std::find_if(members.rbegin(), members.rend(),
                                  [&](const auto& member) { return member.get() == &leader; });
    if (end == members.rend()) return;
    const std::span below(end.base() - 1, members.end());
    for (const auto& member : members) begin_now(*member);
    const bool wants_more = reading.more.asks_for(further_counters<figures>);
    if (wants_more) show_contained_now(below);
    for (const auto& member : below) read_now(*member, wants_more);
    for (std::size_t i = below.size(); i-- > 0;) show_now(*below[i]);
    reading.cpu_time_ns = leader.cpu.below;
    if (!wants_more) return;
    counters_.for_each(leader, [&](Account& account, std::size_t slot) {
      reading.more.slots[slot] = account.below;
    });
  }

  /// Each member must come after its waiter.
  void begin_now(Member& member) const noexcept {
    begin_below(member);
    member.cpu.children_now = member.cpu.ended_now = 0;
    for (Account& account : member.further) account.children_now = account.ended_now = 0;
    member.has_seen_child = false;
    if (member.waiter != nullptr) member.waiter->has_seen_child = true;
  }

  /// Uses the order of read_contained().
  void show_contained_now(std::span<const std::shared_ptr<Member>> members) noexcept {
    if (!counters_.has_contained()) return;
    for (const auto& member : members) {
      const bool was_counted = member->is_counted;
      ProcessReading own = counters_.contained_reading();
      const bool is_read = read_contained(*member, own);
      counters_.for_each_contained(*member, [&](Account& account, std::size_t slot) {
        const Figure<std::uint64_t> last_known = account.own;
        account.show_with_children(is_read ? own.more.slots[slot] : last_known, member->is_counted);
      });
      member->is_counted = was_counted;
    }
  }

  /// Reads a member and its children total. The members below it must be read later: one that is
  /// still there then is not part of that total.
  void read_now(Member& member, bool wants_more) noexcept {
    ProcessReading own;
    if (wants_more) own = counters_.other_reading();
    const bool is_there =
        !member.has_ended && read_counters_of(member.sampler, own) == ReadStatus::ok;
    member.is_gone_now = member.has_ended ? !registry_.exists(member) : !is_there;
    note_own_now(member.cpu, is_there ? own.cpu_time_ns : Figure<std::uint64_t>(member.cpu.own));
    if (wants_more) {
      counters_.for_each_other(member, [&](Account& account, std::size_t slot) {
        const Figure<std::uint64_t> last_known = account.own;
        note_own_now(account, is_there ? own.more.slots[slot] : last_known);
      });
    }
    if (is_there && may_have_reaped(member)) read_children_now(member);
  }

  static void note_own_now(Account& account, Figure<std::uint64_t> now) noexcept {
    account.own_now = now;
    if (now) account.own = std::max(account.own, *now);  // last known value if the member ends
  }

  /// Returns whether the member has run since its children total was read, and has children or had
  /// some. A process that never had any is not asked: most are like that.
  [[nodiscard]] static bool may_have_reaped(const Member& member) noexcept {
    if (member.must_ask) return true;
    const bool has_children = member.has_seen_child || member.has_unwatched_child ||
                              member.cpu.children > 0 || member.cpu.pending > 0;
    return has_children && member.cpu.own_now != member.asked_at_ns;
  }

  void read_children_now(Member& member) noexcept {
    FamilyReading reading = counters_.family_reading();
    if (member.sampler.read_family(reading) != ReadStatus::ok) return;
    member.cpu.children_now = reading.children_cpu_ns.value_or(0);
    counters_.for_each(member, [&](Account& account, std::size_t slot) {
      if (counters_.is_apart(slot)) account.children_now = reading.children.slots[slot].value_or(0);
    });
  }

  /// All members below it must have been shown before.
  void show_now(Member& member) noexcept {
    Member* const heir = member.is_gone_now && !member.is_collected ? member.waiter : nullptr;
    if (heir != nullptr) heir->cpu.ended_now += member.cpu.use_now();
    member.cpu.show_now();
    counters_.for_each_other(member, [&](Account& account, std::size_t) { account.show_now(); });
    for (std::size_t i = 0; heir != nullptr && i < member.further.size(); ++i) {
      heir->further[i].ended_now += member.further[i].use_now();
    }
    hand_up(member);
  }

  // --- ended members

  /// Returns whether the children total must be read. Only a process that has run can have reaped a
  /// child: either a member that has ended or a process that was never seen.
  [[nodiscard]] bool must_ask(const Member& member) const noexcept {
    if (member.must_ask || member.cpu.pending > 0) return true;
    const bool may_have_run = !member.cpu.is_known || member.cpu.own != member.asked_at_ns;
    return may_have_run && (member.has_unwatched_child || context_.missed_processes());
  }

  ReadStatus ask_for_children(Member& member) noexcept {
    // User and system time are each rounded down, by 10 ms at most.
    constexpr std::int64_t cpu_slack_ns = 20'000'000;
    FamilyReading reading = counters_.family_reading();
    const ReadStatus status = Registry::read_family(member, reading);
    if (status == ReadStatus::vanished) return status;
    if (reading.children_cpu_ns) {
      member.cpu.note_children(*reading.children_cpu_ns, cpu_slack_ns);
      note_asked(member);
    } else if (!context_.reports_children_cpu()) {
      member.cpu.assume_children();
      note_asked(member);
    } else {
      member.must_ask = true;  // what was missed in this round must not be forgotten
    }
    counters_.for_each(member, [&](Account& account, std::size_t slot) {
      if (!counters_.is_apart(slot)) return;
      if (const auto now = reading.children.slots[slot]) account.note_children(*now, 0);
    });
    return status;
  }

  static void note_asked(Member& member) noexcept {
    member.asked_at_ns = member.cpu.own;
    member.must_ask = false;
  }

  /// Transfers the usage of a reaped member to the account that contains it by now.
  void settle(Member& member) noexcept {
    if (member.ancestor == nullptr) return;
    Member* const waiter = member.is_collected ? nullptr : member.waiter;
    const bool is_farther_up =
        waiter != member.ancestor && waiter != nullptr && registry_.is_above(*waiter, member);
    Account* const cpu_heir = waiter == nullptr ? nullptr : &waiter->cpu;
    member.cpu.settle(member.ancestor->cpu, cpu_heir, is_farther_up);
    const auto slots = counters_.slots();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Account* const heir = waiter == nullptr ? nullptr : &waiter->further[i];
      member.further[i].settle(member.ancestor->further[i], heir, is_farther_up);
      if (heir != nullptr) note_inherited(*heir, slots[i]);
    }
    if (waiter != nullptr) waiter->must_ask = true;
  }

  void note_inherited(Account& heir, std::size_t slot) const noexcept {
    if (counters_.is_contained(slot)) {
      heir.pay();
    } else if (!counters_.is_apart(slot)) {
      heir.assume_children();
    }
  }

  /// If this program is a member above, the system moves the usage to its children total.
  void note_own_collected(Member& member, const EndedChild& child) noexcept {
    Member* const self = registry_.find(context_.own_process());
    if (self != nullptr && registry_.is_above(*self, member)) {
      member.waiter = self;
    } else {
      member.is_collected = true;
    }
    member.cpu.collected = child.cpu_time_ns;
    if (counters_.empty()) return;
    if (!member.is_gone) {
      read_last_counters(member);
      read_last_contained(member);
    }
    counters_.for_each(member, [&](Account& account, std::size_t slot) {
      account.collected = child.further[slot];
    });
  }

  /// Counts a child that never was a member; its process group makes it part of the tree of
  /// `former`.
  void note_unseen_collected(Member& former, const EndedChild& child) noexcept {
    Member* const self = registry_.find(context_.own_process());
    const bool is_own = self != nullptr && (self == &former || registry_.is_above(*self, former));
    Member* const reaper = is_own ? self : nullptr;
    if (reaper != nullptr) reaper->must_ask = true;
    count_unseen(former.cpu, reaper == nullptr ? nullptr : &reaper->cpu, child.cpu_time_ns);
    if (counters_.empty()) return;
    ProcessReading own = counters_.whole_reading();
    own.more.clear();
    if (counters_.has_contained()) read_unseen(child.pid, own);
    const auto slots = counters_.slots();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const Figure<std::uint64_t> told = child.further[slots[i]];
      Account* const heir = reaper == nullptr ? nullptr : &reaper->further[i];
      count_unseen(former.further[i], heir, told ? told : own.more.slots[slots[i]]);
      if (heir != nullptr) note_inherited(*heir, slots[i]);
    }
  }

  /// `heir`: of the member that reaps the process; null if it is none.
  static void count_unseen(Account& former, Account* heir, Figure<std::uint64_t> use) noexcept {
    if (heir == nullptr) {
      former.lost += use.value_or(0);
    } else {
      heir->inherit(use.value_or(0), heir == &former ? nullptr : &former);
    }
  }

  void read_unseen(ProcessId pid, ProcessReading& reading) noexcept {
    try {
      std::error_code error;
      auto sampler = Sampler::open(context_, pid, error);
      if (sampler) static_cast<void>(read_counters_of(*sampler, reading));
    } catch (const std::bad_alloc&) {  // its figures are lost
    }
  }

  Context& context_;
  FamilyCounters counters_;
  Registry registry_;
  std::uint64_t round_ = 0;
  bool misses_members_ = false;  ///< the latest look could not read all new processes
};

/// One watched tree, read like a single process. Not thread-safe.
template <SamplesFamilies Sampler>
class ProcessForest<Sampler>::Tree {
 public:
  Tree(ProcessForest& forest, std::shared_ptr<Member> leader) noexcept
      : forest_(&forest), leader_(std::move(leader)) {
    ++leader_->trees;
  }
  Tree(Tree&& other) noexcept
      : forest_(other.forest_), leader_(std::exchange(other.leader_, nullptr)) {}
  Tree& operator=(Tree&& other) noexcept {
    std::swap(forest_, other.forest_);
    std::swap(leader_, other.leader_);
    return *this;
  }
  ~Tree() {
    if (!leader_) return;
    if (leader_->trees == 1) leader_->cpu_time_count = {};
    forest_->registry_.release(*leader_);
  }

  /// Prefetches data for the next read. Call prefetch() some time before prefetch_rest(), which
  /// follows pointers in what it has fetched.
  void prefetch() const noexcept { prefetch_object(*leader_); }
  void prefetch_rest() const noexcept {
    if (leader_->family != nullptr) prefetch_object(*leader_->family);
    if constexpr (requires { leader_->sampler.prefetch(); }) leader_->sampler.prefetch();
  }

  /// Reads the sums over the tree. Returns `vanished` once the leader has ended. If members may be
  /// missing because descriptors or memory are short, all figures are unknown. Allocates nothing.
  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    const ReadStatus status = read_sums(reading);
    if (forest_->misses_members_) reading.clear();
    return status;
  }

  /// Reads only the counters, now; everything else stays unknown. Allocates nothing.
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept {
    reading.clear();
    if (leader_->has_ended || leader_->family == nullptr) return ReadStatus::vanished;
    forest_->read_counters(*leader_, reading);
    include_count(*leader_, reading.cpu_time_ns);
    return ReadStatus::ok;
  }

  /// See BasicRegistry::adopt_orphan(). If the orphan is not newborn, adds to `cpu_time_before`
  /// what it and its descendants have used by now, in nanoseconds. Throws std::bad_alloc.
  [[nodiscard]] std::error_code adopt_orphan(ProcessId orphan, std::uint64_t& cpu_time_before) {
    return forest_->adopt_orphan(*leader_, orphan, cpu_time_before);
  }

 private:
  [[nodiscard]] ReadStatus read_sums(ProcessReading& reading) noexcept {
    Member& leader = *leader_;
    const bool is_there = leader.family != nullptr;
    if (is_there && forest_->is_alone(leader) && forest_->read_alone(leader, reading)) {
      show_cpu(leader, reading.cpu_time_ns);
      return ReadStatus::ok;
    }
    if (is_there) forest_->read(*leader.family);
    if (leader.has_ended || !is_there) {
      reading.clear();
      return ReadStatus::vanished;
    }
    copy_levels(leader.sum, reading);
    reading.cpu_time_ns = leader.sum.cpu_time_ns;
    if (!reading.more.slots.empty()) show_further(leader, reading);
    show_cpu(leader, reading.cpu_time_ns);
    return ReadStatus::ok;
  }

  static void include_count(const Member& leader, Figure<std::uint64_t>& cpu_time_ns) noexcept {
    if (!leader.cpu_time_count) return;
    const Figure<std::uint64_t> count = leader.cpu_time_count();
    if (count && *count > cpu_time_ns.value_or(0)) cpu_time_ns = count;
  }

  static void show_cpu(Member& leader, Figure<std::uint64_t>& cpu_time_ns) noexcept {
    include_count(leader, cpu_time_ns);
    advance(leader.cpu, cpu_time_ns);
  }

  static void advance(Account& account, Figure<std::uint64_t>& sum) noexcept {
    if (!sum) return;
    account.reported = std::max(account.reported, *sum);
    sum = account.reported;
  }

  void show_further(Member& leader, ProcessReading& reading) const noexcept {
    const FurtherReadings& sum = leader.sum.more;
    std::ranges::copy(sum.slots, reading.more.slots.begin());
    reading.more.refused = sum.refused;
    reading.more.error = sum.error;
    forest_->counters_.for_each(leader, [&](Account& account, std::size_t slot) {
      advance(account, reading.more.slots[slot]);
    });
    show_peak(leader, reading);
    hide_incomplete(leader, reading.more);
  }

  /// Shows the largest peak or sum so far: members peak at different times, so peaks do not add up.
  static void show_peak(Member& leader, ProcessReading& reading) noexcept {
    Figure<std::uint64_t>& peak = reading.more.slots[peak_slot];
    leader.peak = std::max({leader.peak, peak.value_or(0), reading.memory_rss_bytes.value_or(0)});
    if (peak && reading.more.asks_for(peak_slot)) peak = leader.peak;
  }

  /// Shows a sum only once all members have reported their part. A member that joins later counts
  /// once it has reported. Figures that are not in `figures` are not summed.
  static void hide_incomplete(Member& leader, FurtherReadings& more) noexcept {
    leader.complete |= more.asked - (leader.sum.more.awaited | leader.awaited);
    const FurtherFigures hidden = more.asked - leader.complete;
    for (std::size_t slot = 0; slot < more.slots.size(); ++slot) {
      const bool is_summed = slot < further_count<figures> && more.asks_for(slot);
      if (!is_summed || hidden.contains(slot)) more.slots[slot] = {};
    }
  }

  ProcessForest* forest_;
  std::shared_ptr<Member> leader_;
};

}  // namespace provisr::detail
