#pragma once

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
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace provisr::detail {

/// What ProcessForest needs beyond reading figures.
template <class Sampler>
concept SamplesFamilies = requires(Sampler& sampler, typename Sampler::Context& context,
                                   FamilyReading& family) {
  { context.new_processes() } -> std::same_as<std::span<const Descent>>;
  { context.candidates(ProcessId{}) } -> std::same_as<std::span<const Descent>>;
  { context.missed_processes() } -> std::same_as<bool>;
  { context.tells_children_cpu() } -> std::same_as<bool>;
  { context.children_accounts() } -> std::same_as<ChildrenAccounts>;
  context.recount_processes();
  { sampler.read_family(family) } -> std::same_as<ReadStatus>;
};

/// Of a sampler without a quicker way, all figures.
template <class Sampler>
[[nodiscard]] ReadStatus read_counters_of(Sampler& sampler, ProcessReading& reading) noexcept {
  if constexpr (requires { sampler.read_counters(reading); }) {
    return sampler.read_counters(reading);
  } else {
    return sampler.read(reading);
  }
}

/// What is known of one counter of a member of a tree.
///
/// What a process uses is in its own account. When its parent waits for it, that moves, with what
/// it has waited for itself, into the parent's account of its children. So the sum over a tree is
/// that of the members' own accounts and of their children's, those of zombies included; and a
/// third part, `lost`: of members that ended without being waited for by a member (orphans, and
/// children of a parent that ignores SIGCHLD), what was last known.
struct Account {
  std::uint64_t own = 0;
  std::uint64_t children = 0;  ///< of the children that it has waited for
  std::uint64_t lost = 0;      ///< of members below it that nobody here has waited for
  /// Of members that it may have waited for since its children's account was read.
  std::uint64_t pending = 0;
  /// How much more its children's account has grown than was expected of known members; what
  /// unknown ones added is forgotten.
  std::int64_t balance = 0;
  std::uint64_t surplus = 0;        ///< what it has grown by in this round, more than was pending
  std::uint64_t older_surplus = 0;  ///< the same of the round before
  std::uint64_t reported = 0;       ///< of the tree below it
  Figure<std::uint64_t> collected;  ///< when this program has waited for it
  bool is_known = true;             ///< in this round
  Figure<std::uint64_t> shown;      ///< in this round: all of its own
  Figure<std::uint64_t> below;      ///< in this round: of all below it, its own included

  void note_own(Figure<std::uint64_t> now) noexcept {
    is_known = now.has_value();
    if (now) own = std::max(own, *now);
  }

  /// Of a counter whose children's account is part of its own. A member that is found to have ended
  /// may have been taken over in the round before, or in those in which it was being waited for.
  void note_own_with_children(Figure<std::uint64_t> now, bool keeps_surplus) noexcept {
    const std::uint64_t before = own;
    older_surplus = (keeps_surplus ? older_surplus : 0) + std::exchange(surplus, 0);
    note_own(now);
    if (!now) return;
    surplus = own - before;
    pay();
    lost += std::exchange(pending, 0);  // the system has dropped it
  }

  /// What is pending may be in its own account by now.
  void pay() noexcept {
    pay_from(older_surplus);
    pay_from(surplus);
  }

  void note_children(std::uint64_t now, std::int64_t slack) noexcept {
    const std::uint64_t growth = now - std::min(children, now);
    children = std::max(children, now);
    expect(growth, slack);
  }

  /// If nobody tells an account of children.
  void assume_children() noexcept { children += std::exchange(pending, 0); }

  /// What was known of one that is gone is in other accounts by now.
  void show(bool is_gone) noexcept {
    if (is_gone) {
      shown = 0;
    } else {
      shown = is_known ? Figure<std::uint64_t>(used() + lost) : Figure<std::uint64_t>();
    }
  }

  /// With what its own account is now, between two ticks.
  void show_now(Figure<std::uint64_t> now) noexcept {
    shown = now ? Figure<std::uint64_t>(std::max(own, *now) + children + pending + lost)
                : Figure<std::uint64_t>();
  }

  /// Of a counter whose children's account is part of its own. Not counted: another has taken it
  /// over.
  void show_with_children(bool is_counted) noexcept {
    show_with_children(is_known ? Figure<std::uint64_t>(own) : Figure<std::uint64_t>(), is_counted);
  }
  void show_with_children(Figure<std::uint64_t> now, bool is_counted) noexcept {
    shown = now ? Figure<std::uint64_t>((is_counted ? std::max(own + pending, *now) : 0) + lost)
                : Figure<std::uint64_t>();
  }

  /// What its parent's account grows by if that waits for it.
  [[nodiscard]] std::uint64_t used() const noexcept { return own + children + pending; }

 private:
  void pay_from(std::uint64_t& growth) noexcept {
    const std::uint64_t paid = std::min(growth, pending);
    growth -= paid;
    pending -= paid;
  }

  /// If an account of children has grown by less than its ended members had used, some of them were
  /// not waited for: the system has dropped theirs.
  void expect(std::uint64_t growth, std::int64_t slack) noexcept {
    balance +=
        static_cast<std::int64_t>(growth) - static_cast<std::int64_t>(std::exchange(pending, 0));
    balance = std::min(balance, slack);
    if (balance >= -slack) return;
    lost += static_cast<std::uint64_t>(-slack - balance);
    balance = -slack;
  }
};

/// The process trees that a registry watches. Each process is opened once, however many trees it is
/// in: a tree may lie within another.
///
/// Counters are kept account of (see Account). That of the CPU time of children is coarse (see
/// FamilyReading), so the sum may fall behind by some milliseconds when a member ends: it then
/// stands until it has caught up.
///
/// Not thread-safe. Outlives its handles.
template <SamplesFamilies Sampler>
class ProcessForest {
 public:
  using Context = typename Sampler::Context;

  class Tree;

  ProcessForest(Context& context, FurtherFigures further_figures)
      : context_(context),
        further_figures_(further_figures),
        scratch_(further_figures.row_slots()),
        children_scratch_(further_figures.row_slots()),
        children_accounts_(context.children_accounts()) {
    const FurtherFigures counters = further_figures & further_counters<figures>;
    for (std::size_t slot = 0; slot < further_count<figures>; ++slot) {
      if (counters.contains(slot)) counters_.push_back(slot);
    }
    contained_ = counters & children_accounts_.contained;
  }
  ProcessForest(const ProcessForest&) = delete;
  ProcessForest& operator=(const ProcessForest&) = delete;

  /// Watches the tree below the process that has this PID now. Fails as Sampler::open does. Throws
  /// std::bad_alloc.
  [[nodiscard]] std::optional<Tree> open(ProcessId leader, std::error_code& error) {
    ++round_;
    adopt(context_.new_processes());
    std::shared_ptr<Node> node = living(leader);
    if (!node) node = plant(leader, error);
    if (!node) return std::nullopt;
    Tree tree(*this, std::move(node));
    adopt_below(leader, context_.candidates(leader));
    error.clear();
    return tree;
  }

  /// Finds the members that were born since the last time. Call it before a round of Tree::read,
  /// after the context's begin_tick.
  void begin_tick() noexcept {
    ++round_;
    if (nodes_.empty()) return;
    try {
      adopt(context_.new_processes());
    } catch (const std::bad_alloc&) {
      context_.recount_processes();
    }
  }

  /// Notes that this program is about to wait for a process that is no leader.
  void note_collected(const EndedChild& child) noexcept {
    if (Node* const node = find(child.pid)) {
      note_own_collected(*node, child);
    } else if (Node* const former = find(child.process_group)) {
      note_unseen_collected(*former, child);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Family;

  struct Node : std::enable_shared_from_this<Node> {
    Node(ProcessId process, Sampler opened, std::size_t counters, std::size_t slots)
        : pid(process), sampler(std::move(opened)), further(counters), more(slots) {}

    ProcessId pid;
    Sampler sampler;
    Family* family = nullptr;
    Node* ancestor = nullptr;  ///< the nearest that lives; null: the root of its family
    Node* waiter = nullptr;    ///< the parent, if it is a member
    std::size_t trees = 0;     ///< that it leads

    Account cpu;                    ///< in nanoseconds
    std::vector<Account> further;   ///< as counters_
    std::uint64_t asked_at_ns = 0;  ///< its CPU time when its children's account was read
    std::uint64_t peak = 0;         ///< the largest memory of the tree below it that was seen
    FurtherFigures awaited = {};    ///< of its own figures, in this round
    FurtherFigures complete = {};   ///< of those of its tree: all members have told theirs once

    bool must_ask = true;              ///< for its children's account
    bool is_collected = false;         ///< by this program
    bool is_counted = true;            ///< nobody has taken over its account
    bool has_uncounted_child = false;  ///< that is about to be gone
    bool has_unwatched_child = false;  ///< one could not be opened
    bool was_visited = false;
    bool has_ended = false;  ///< is a zombie, or gone
    bool is_gone = false;    ///< was waited for

    bool has_sum = false;  ///< in this round
    ProcessReading sum;    ///< over all below it in this round, itself included
    std::vector<Figure<std::uint64_t>> more;
  };

  /// All members below one root, each after its ancestor.
  struct Family {
    std::vector<std::shared_ptr<Node>> members;
    std::uint64_t round = 0;  ///< of the latest reading
  };

  // --- membership

  [[nodiscard]] Node* find(ProcessId pid) const noexcept {
    const auto found = nodes_.find(pid);
    return found == nodes_.end() ? nullptr : found->second;
  }

  /// The node of the process that has this PID now, if it is known; an older one is let go.
  [[nodiscard]] std::shared_ptr<Node> living(ProcessId pid) {
    Node* const node = find(pid);
    if (node == nullptr) return nullptr;
    FamilyReading reading;
    if (node->sampler.read_family(reading) == ReadStatus::vanished) {
      nodes_.erase(pid);  // its family lets go of it at the next reading
      return nullptr;
    }
    return node->shared_from_this();
  }

  [[nodiscard]] std::shared_ptr<Node> open_node(ProcessId pid, std::error_code& error) {
    auto sampler = Sampler::open(context_, pid, error);
    if (!sampler) return nullptr;
    return std::make_shared<Node>(pid, std::move(*sampler), counters_.size(),
                                  further_figures_.row_slots());
  }

  [[nodiscard]] std::shared_ptr<Node> plant(ProcessId leader, std::error_code& error) {
    std::shared_ptr<Node> node = open_node(leader, error);
    if (!node) return nullptr;
    auto family = std::make_unique<Family>();
    family->members.push_back(node);
    families_.reserve(families_.size() + 1);
    nodes_[leader] = node.get();
    node->family = family.get();
    families_.push_back(std::move(family));
    return node;
  }

  /// Takes in whoever descends from a member.
  void adopt(std::span<const Descent> found) {
    if (nodes_.empty() || found.empty()) return;
    adopted_.clear();
    for (const Descent& descent : found) adopt_one(descent);
    adopt_children_of_adopted(found);
  }

  void adopt_below(ProcessId ancestor, std::span<const Descent> found) {
    adopted_.clear();
    for (const Descent& descent : found) {
      if (descent.parent == ancestor || descent.orphan_of == ancestor) adopt_one(descent);
    }
    adopt_children_of_adopted(found);
  }

  /// Those that come before their parent, as ids wrap around, or that nobody has looked at yet.
  void adopt_children_of_adopted(std::span<const Descent> found) {
    if (adopted_.empty()) return;
    by_parent_.assign(found.begin(), found.end());
    std::ranges::sort(by_parent_, {}, &Descent::parent);
    for (std::size_t next = 0; next < adopted_.size(); ++next) {
      const ProcessId parent = adopted_[next];
      auto child = std::ranges::lower_bound(by_parent_, parent, {}, &Descent::parent);
      for (; child != by_parent_.end() && child->parent == parent; ++child) {
        const Node* const known = find(child->pid);
        if (known == nullptr || known->ancestor == nullptr) adopt_one(*child);
      }
    }
  }

  void adopt_one(const Descent& descent) {
    Node* const parent = find(descent.parent);
    Node* const ancestor =
        parent != nullptr || descent.orphan_of == 0 ? parent : find(descent.orphan_of);
    if (ancestor == nullptr || descent.pid == ancestor->pid) return;
    if (nodes_.contains(descent.pid)) {
      if (const auto known = living(descent.pid)) return join(*known, parent);
    }
    std::error_code error;
    const std::shared_ptr<Node> node = open_node(descent.pid, error);
    FamilyReading reading = family_reading();
    if (!node || node->sampler.read_family(reading) == ReadStatus::vanished ||
        reading.is_being_collected || reading.parent != descent.parent) {
      ancestor->has_unwatched_child |= !node && error != std::errc::no_such_process;
      ancestor->must_ask = true;
      return;
    }
    take_in(node, *ancestor, parent, reading);
  }

  void take_in(const std::shared_ptr<Node>& node, Node& ancestor, Node* parent,
               const FamilyReading& reading) {
    adopted_.push_back(node->pid);
    nodes_.reserve(nodes_.size() + 1);
    ancestor.family->members.push_back(node);
    nodes_[node->pid] = node.get();
    node->family = ancestor.family;
    node->ancestor = &ancestor;
    node->waiter = parent;
    node->must_ask = !reading.children_cpu_ns;
    node->cpu.children = reading.children_cpu_ns.value_or(0);
    for_each_counter(*node, [&](Account& account, std::size_t slot) {
      if (is_apart(slot)) account.children = reading.children.slots[slot].value_or(0);
    });
  }

  /// A root whose parent is watched by now, too: its family joins that of the parent.
  void join(Node& root, Node* parent) {
    if (parent == nullptr || root.ancestor != nullptr || root.family == parent->family) return;
    Family& joining = *root.family;
    Family& joined = *parent->family;
    joined.members.insert(joined.members.end(), joining.members.begin(), joining.members.end());
    for (const auto& member : joining.members) member->family = &joined;
    root.ancestor = parent;
    root.waiter = parent;
    drop(joining);
  }

  void drop(const Family& family) noexcept {
    std::erase_if(families_, [&](const auto& each) { return each.get() == &family; });
  }

  /// A tree is watched no longer.
  void release(Node& leader) noexcept {
    if (--leader.trees > 0 || leader.ancestor != nullptr || leader.family == nullptr) return;
    const std::unique_ptr<Family> family = extract(*leader.family);
    for (const auto& member : family->members) forget(*member);
    try {
      for (const auto& member : family->members) replant(member);
    } catch (const std::bad_alloc&) {  // the trees within this one are leaders alone from now on
      context_.recount_processes();
    }
  }

  [[nodiscard]] std::unique_ptr<Family> extract(const Family& family) noexcept {
    const auto found =
        std::ranges::find_if(families_, [&](const auto& each) { return each.get() == &family; });
    std::unique_ptr<Family> extracted = std::move(*found);
    families_.erase(found);
    return extracted;
  }

  void forget(Node& node) noexcept {
    if (find(node.pid) == &node) nodes_.erase(node.pid);
    node.family = nullptr;
  }

  /// Of a family whose root is watched no longer: members below another leader stay.
  void replant(const std::shared_ptr<Node>& node) {
    const bool is_below_leader = node->ancestor != nullptr && node->ancestor->family != nullptr;
    if (!is_below_leader && node->trees == 0) return;
    if (node->waiter != nullptr && node->waiter->family == nullptr) node->waiter = nullptr;
    if (is_below_leader) {
      node->ancestor->family->members.push_back(node);
      node->family = node->ancestor->family;
    } else {
      auto family = std::make_unique<Family>();
      family->members.push_back(node);
      node->family = family.get();
      families_.push_back(std::move(family));
      node->ancestor = nullptr;
      node->waiter = nullptr;
    }
    nodes_[node->pid] = node.get();
  }

  // --- reading

  /// Calls `use(account, slot)` for each further counter that is asked for.
  template <class Use>
  void for_each_counter(Node& node, Use use) const {
    for (std::size_t i = 0; i < counters_.size(); ++i) use(node.further[i], counters_[i]);
  }
  /// The same of those whose children's accounts are part of their own, and of the others.
  template <class Use>
  void for_each_contained(Node& node, Use use) const {
    for_each_counter(node, [&](Account& account, std::size_t slot) {
      if (contained_.contains(slot)) use(account, slot);
    });
  }
  template <class Use>
  void for_each_other(Node& node, Use use) const {
    for_each_counter(node, [&](Account& account, std::size_t slot) {
      if (!contained_.contains(slot)) use(account, slot);
    });
  }
  [[nodiscard]] bool is_apart(std::size_t slot) const noexcept {
    return children_accounts_.apart.contains(slot);
  }

  /// One that asks for the accounts of children.
  [[nodiscard]] FamilyReading family_reading() noexcept {
    FamilyReading reading;
    reading.children = {.slots = children_scratch_,
                        .asked = further_figures_ & children_accounts_.apart};
    return reading;
  }
  /// Asks for these further figures.
  [[nodiscard]] ProcessReading reading_of(FurtherFigures asked) noexcept {
    ProcessReading reading;
    reading.more = {.slots = scratch_, .asked = asked};
    return reading;
  }
  [[nodiscard]] ProcessReading member_reading() noexcept {
    return reading_of(further_figures_ - contained_);
  }

  void read(Family& family) noexcept {
    if (std::exchange(family.round, round_) == round_) return;
    for (const auto& member : family.members) begin_sum(*member);
    if (!contained_.empty()) read_contained(family.members);
    for (auto member = family.members.rbegin(); member != family.members.rend(); ++member) {
      visit(**member);
    }
    bool has_gone = false;
    for (auto member = family.members.rbegin(); member != family.members.rend(); ++member) {
      sum_accounts(**member);
      has_gone |= (*member)->is_gone;
    }
    if (has_gone) bury(family);
  }

  /// Whether nobody else is in its family, and one tree shows it: most processes have no children.
  [[nodiscard]] bool is_alone(const Node& node) const noexcept {
    return node.trees == 1 && node.family->members.size() == 1 && further_figures_.empty();
  }

  /// What read(Family&) would say of one that is alone, in one step. False if it has ended.
  [[nodiscard]] bool read_alone(Node& node, ProcessReading& reading) noexcept {
    if (node.has_ended || node.sampler.read(reading) == ReadStatus::vanished) return false;
    reading.num_processes = 1;
    node.cpu.note_own(reading.cpu_time_ns);
    if (must_ask(node)) ask_for_children(node);
    node.cpu.show(false);
    reading.cpu_time_ns = node.cpu.shown;
    return true;
  }

  /// Counters whose children's accounts are part of their own are read before all else, each
  /// member's before its children's: a child that is taken over after that is gone when its turn
  /// comes, and one whose turn has come is in no account that was read. So none counts twice.
  void read_contained(std::span<const std::shared_ptr<Node>> members) noexcept {
    for (const auto& member : members) member->has_uncounted_child = false;
    for (const auto& member : members) {
      if (member->waiter != nullptr) member->waiter->has_uncounted_child |= !member->is_counted;
    }
    for (const auto& member : members) {
      ProcessReading own = reading_of(contained_);
      if (!read_contained(*member, own)) continue;
      if (!own.more.refused.empty()) member->sum.more.refuse(own.more.refused, own.more.error);
      for_each_contained(*member, [&](Account& account, std::size_t slot) {
        account.note_own_with_children(own.more.slots[slot], member->has_uncounted_child);
      });
    }
  }

  /// Also whether it counts. False if nothing is to be read of it any more.
  [[nodiscard]] bool read_contained(Node& node, ProcessReading& own) noexcept {
    const bool is_read = read_counters_of(node.sampler, own) == ReadStatus::ok;
    node.is_counted = node.waiter == nullptr || is_here(node);  // after it was read
    return is_read;
  }

  /// Without further figures, what is added first becomes the sum.
  void begin_sum(Node& node) noexcept {
    begin_below(node);
    node.has_sum = !further_figures_.empty();
    if (!node.has_sum) return;
    node.sum = {};
    std::ranges::fill(node.more, Figure<std::uint64_t>(0));
    node.sum.more = {.slots = node.more, .asked = further_figures_};
    node.sum.memory_rss_bytes = 0;
    node.sum.memory_vms_bytes = 0;
    node.sum.memory_swap_bytes = 0;
    node.sum.num_threads = 0;
    node.sum.num_fds = 0;
    node.sum.num_processes = 0;
  }

  void begin_below(Node& node) const noexcept {
    node.cpu.below = 0;
    for_each_counter(node, [](Account& account, std::size_t) { account.below = 0; });
  }

  /// All below it were visited before.
  void visit(Node& node) noexcept {
    ProcessReading own = member_reading();
    if (node.has_ended || node.sampler.read(own) == ReadStatus::vanished) {
      visit_ended(node);
    } else {
      own.num_processes = 1;
      if (node.ancestor != nullptr && is_ending(own)) complete_ending(own);
      note_awaited(node, own.more);
      add_figures(node, own);
      note_own(node, own);
      if (must_ask(node)) ask_for_children(node);
    }
    if (node.ancestor == nullptr) return;
    node.ancestor->sum.more.awaited |= node.sum.more.awaited;
    if (node.has_sum) add_figures(*node.ancestor, node.sum);
  }

  /// A member that was born since the last tick has had no time to tell.
  static void note_awaited(Node& node, const FurtherReadings& own) noexcept {
    node.awaited = own.awaited;
    if (std::exchange(node.was_visited, true)) node.sum.more.awaited |= own.awaited;
  }

  void note_own(Node& node, const ProcessReading& own) noexcept {
    node.cpu.note_own(own.cpu_time_ns);
    for_each_other(
        node, [&](Account& account, std::size_t slot) { account.note_own(own.more.slots[slot]); });
  }

  /// Whether it runs, or has ended but nobody waits for it yet.
  [[nodiscard]] static bool is_here(Node& node) noexcept {
    FamilyReading family;
    return node.sampler.read_family(family) == ReadStatus::ok && !family.is_being_collected;
  }

  /// Whether it has given back its memory already, on its way out. All else is told of it, so that
  /// this is no failure to read; a first thread that has ended before others is another case.
  [[nodiscard]] static bool is_ending(const ProcessReading& own) noexcept {
    return !own.memory_rss_bytes && !own.memory_vms_bytes && own.cpu_time_ns &&
           own.num_threads == Figure<std::uint32_t>(1U);
  }

  static void complete_ending(ProcessReading& own) noexcept {
    own.memory_rss_bytes = 0;
    own.memory_vms_bytes = 0;
    own.memory_swap_bytes = 0;
    if (!own.num_fds && !own.num_fds_error) own.num_fds = 0;
    for (const std::size_t slot : {peak_slot, pss_slot}) {
      if (own.more.asks_for(slot) && !own.more.slots[slot]) own.more.set(slot, 0);
    }
  }

  void visit_ended(Node& node) noexcept {
    const bool was_known = std::exchange(node.has_ended, true);
    node.is_gone = ask_for_children(node) == ReadStatus::vanished;
    if (node.is_gone) return settle(node);
    if (!was_known && !counters_.empty()) read_last_counters(node);
    node.cpu.is_known = true;
    for_each_counter(node, [](Account& account, std::size_t) { account.is_known = true; });
  }

  /// Of a zombie, which nobody has waited for yet.
  void read_last_counters(Node& node) noexcept {
    ProcessReading own = member_reading();
    if (read_counters_of(node.sampler, own) == ReadStatus::ok) note_own(node, own);
  }

  void read_last_contained(Node& node) noexcept {
    ProcessReading own = reading_of(contained_);
    if (read_counters_of(node.sampler, own) != ReadStatus::ok) return;
    for_each_contained(node, [&](Account& account, std::size_t slot) {
      account.own = std::max(account.own, own.more.slots[slot].value_or(0));
    });
  }

  /// All below it were summed up before.
  void sum_accounts(Node& node) const noexcept {
    node.cpu.show(node.is_gone);
    for_each_counter(node, [&](Account& account, std::size_t slot) {
      if (contained_.contains(slot) && !node.is_gone) {
        account.show_with_children(node.is_counted);
      } else {
        account.show(node.is_gone);
      }
    });
    hand_up(node);
    node.sum.cpu_time_ns = node.cpu.below;
    for_each_counter(node, [&](Account& account, std::size_t slot) {
      node.sum.more.slots[slot] = account.below;
    });
  }

  void hand_up(Node& node) const noexcept {
    hand_up(node.cpu, node.ancestor == nullptr ? nullptr : &node.ancestor->cpu);
    for (std::size_t i = 0; i < counters_.size(); ++i) {
      hand_up(node.further[i], node.ancestor == nullptr ? nullptr : &node.ancestor->further[i]);
    }
  }

  static void hand_up(Account& account, Account* above) noexcept {
    add(account.below, account.shown);
    if (above != nullptr) add(above->below, account.below);
  }

  // --- between two ticks

  /// The counters of a tree now: who was born since the tick is left out, and who has ended since
  /// counts as last known, as nobody's account of children is read again.
  void read_counters(Node& leader, ProcessReading& reading) noexcept {
    const auto& members = leader.family->members;
    const auto end = std::find_if(members.rbegin(), members.rend(),
                                  [&](const auto& member) { return member.get() == &leader; });
    if (end == members.rend()) return;
    const std::span below(end.base() - 1, members.end());
    for (const auto& member : members) begin_below(*member);
    const bool wants_more = reading.more.asks_for(further_counters<figures>);
    if (wants_more) show_contained_now(below);
    for (const auto& member : below) show_now(*member, wants_more);
    for (std::size_t i = below.size(); i-- > 0;) hand_up(*below[i]);
    reading.cpu_time_ns = leader.cpu.below;
    if (!wants_more) return;
    for_each_counter(leader, [&](Account& account, std::size_t slot) {
      reading.more.slots[slot] = account.below;
    });
  }

  /// In the order of read_contained().
  void show_contained_now(std::span<const std::shared_ptr<Node>> members) noexcept {
    if (contained_.empty()) return;
    for (const auto& member : members) {
      const bool was_counted = member->is_counted;
      ProcessReading own = reading_of(contained_);
      const bool is_read = read_contained(*member, own);
      for_each_contained(*member, [&](Account& account, std::size_t slot) {
        const Figure<std::uint64_t> last_known = account.own;
        account.show_with_children(is_read ? own.more.slots[slot] : last_known, member->is_counted);
      });
      member->is_counted = was_counted;
    }
  }

  void show_now(Node& node, bool wants_more) noexcept {
    ProcessReading own;
    if (wants_more) own = member_reading();
    const bool is_there = !node.has_ended && read_counters_of(node.sampler, own) == ReadStatus::ok;
    node.cpu.show_now(is_there ? own.cpu_time_ns : node.cpu.own);
    if (!wants_more) return;
    for_each_other(node, [&](Account& account, std::size_t slot) {
      const Figure<std::uint64_t> now = is_there ? own.more.slots[slot] : account.own;
      if (now) account.own = std::max(account.own, *now);  // last known, if it ends
      account.show_now(now);
    });
  }

  // --- what has ended

  /// Only who has run can have waited, and only for a member that has ended or for somebody who was
  /// never seen.
  [[nodiscard]] bool must_ask(const Node& node) const noexcept {
    if (node.must_ask || node.cpu.pending > 0) return true;
    const bool has_run = node.cpu.own != node.asked_at_ns;
    return has_run && (node.has_unwatched_child || context_.missed_processes());
  }

  ReadStatus ask_for_children(Node& node) noexcept {
    // User and system time are rounded down each, to at most 10 ms.
    constexpr std::int64_t cpu_slack_ns = 20'000'000;
    FamilyReading reading = family_reading();
    const ReadStatus status = node.sampler.read_family(reading);
    if (status == ReadStatus::vanished) return status;
    if (reading.children_cpu_ns) {
      node.cpu.note_children(*reading.children_cpu_ns, cpu_slack_ns);
      note_asked(node);
    } else if (!context_.tells_children_cpu()) {
      node.cpu.assume_children();
      note_asked(node);
    }
    for_each_counter(node, [&](Account& account, std::size_t slot) {
      if (!is_apart(slot)) return;
      if (const auto now = reading.children.slots[slot]) account.note_children(*now, 0);
    });
    return status;
  }

  static void note_asked(Node& node) noexcept {
    node.asked_at_ns = node.cpu.own;
    node.must_ask = false;
  }

  /// Hands what a member that was waited for has used to where it has gone.
  void settle(Node& node) noexcept {
    if (node.ancestor == nullptr) return;
    Node* const waiter = node.is_collected ? nullptr : node.waiter;
    settle(node.cpu, node.ancestor->cpu, waiter == nullptr ? nullptr : &waiter->cpu);
    for (std::size_t i = 0; i < counters_.size(); ++i) {
      Account* const heir = waiter == nullptr ? nullptr : &waiter->further[i];
      settle(node.further[i], node.ancestor->further[i], heir);
      if (heir == nullptr) continue;
      if (contained_.contains(counters_[i])) {
        heir->pay();
      } else if (!is_apart(counters_[i])) {
        heir->assume_children();
      }
    }
    if (waiter != nullptr) waiter->must_ask = true;
  }

  static void settle(const Account& account, Account& above, Account* waiter) noexcept {
    above.lost += account.lost;
    if (waiter != nullptr) {
      waiter->pending += account.used();
    } else {
      above.lost += std::max(account.used(), account.collected.value_or(0));
    }
  }

  void note_own_collected(Node& node, const EndedChild& child) noexcept {
    node.is_collected = true;
    node.cpu.collected = child.cpu_time_ns;
    if (counters_.empty()) return;
    if (!node.is_gone) {
      read_last_counters(node);
      read_last_contained(node);
    }
    for_each_counter(
        node, [&](Account& account, std::size_t slot) { account.collected = child.further[slot]; });
  }

  /// It was in the process group of `former`, which makes it one of its tree.
  void note_unseen_collected(Node& former, const EndedChild& child) noexcept {
    former.cpu.lost += child.cpu_time_ns;
    if (counters_.empty()) return;
    ProcessReading own = reading_of(further_figures_);
    own.more.clear();
    if (!contained_.empty()) read_unseen(child.pid, own);
    for_each_counter(former, [&](Account& account, std::size_t slot) {
      const Figure<std::uint64_t> told = child.further[slot];
      account.lost += told ? *told : own.more.slots[slot].value_or(0);
    });
  }

  void read_unseen(ProcessId pid, ProcessReading& reading) noexcept {
    try {
      std::error_code error;
      auto sampler = Sampler::open(context_, pid, error);
      if (sampler) static_cast<void>(read_counters_of(*sampler, reading));
    } catch (const std::bad_alloc&) {  // its figures are lost
    }
  }

  void bury(Family& family) noexcept {
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

  /// Its parent has ended. If it lives, the system has given it another one, which may be a member.
  /// If not, its parent may have waited for it: what it has used is then where that of its parent
  /// is.
  void find_waiter(Node& node) noexcept {
    FamilyReading reading;
    if (node.is_gone || node.sampler.read_family(reading) == ReadStatus::vanished) {
      while (node.waiter != nullptr && node.waiter->is_gone) node.waiter = node.waiter->waiter;
      return;
    }
    Node* const parent = find(reading.parent);
    const bool is_member = parent != nullptr && parent->family == node.family && !parent->is_gone;
    node.waiter = is_member ? parent : nullptr;
  }

  template <class T>
  static void add(Figure<T>& sum, std::type_identity_t<Figure<T>> part) noexcept {
    sum = sum && part ? Figure<T>(static_cast<T>(*sum + *part)) : Figure<T>();
  }

  /// All but counters. A figure that one member does not tell is unknown of all.
  static void add_figures(Node& node, const ProcessReading& part) noexcept {
    if (!std::exchange(node.has_sum, true)) return copy_figures(part, node.sum);
    ProcessReading& sum = node.sum;
    add(sum.memory_rss_bytes, part.memory_rss_bytes);
    add(sum.memory_vms_bytes, part.memory_vms_bytes);
    add(sum.memory_swap_bytes, part.memory_swap_bytes);
    add(sum.num_threads, part.num_threads);
    add(sum.num_fds, part.num_fds);
    add(sum.num_processes, part.num_processes);
    if (part.num_fds_error) sum.num_fds_error = part.num_fds_error;
    if (!sum.more.slots.empty()) add_further(sum.more, part.more);
  }

  static void copy_figures(const ProcessReading& from, ProcessReading& to) noexcept {
    to.memory_rss_bytes = from.memory_rss_bytes;
    to.memory_vms_bytes = from.memory_vms_bytes;
    to.memory_swap_bytes = from.memory_swap_bytes;
    to.num_threads = from.num_threads;
    to.num_fds = from.num_fds;
    to.num_processes = from.num_processes;
    to.num_fds_error = from.num_fds_error;
  }

  static void add_further(FurtherReadings& sum, const FurtherReadings& part) noexcept {
    constexpr FurtherFigures levels = further_levels<figures>;
    for (std::size_t slot = 0; slot < further_count<figures>; ++slot) {
      const bool is_awaited = part.awaited.contains(slot) && !part.slots[slot];
      if (!levels.contains(slot) || !sum.asks_for(slot) || is_awaited) continue;
      if (slot == peak_slot) {
        take_larger(sum.slots[slot], part.slots[slot]);
      } else {
        add(sum.slots[slot], part.slots[slot]);
      }
    }
    if (!part.refused.empty()) sum.refuse(part.refused, part.error);
  }

  static void take_larger(Figure<std::uint64_t>& largest, Figure<std::uint64_t> part) noexcept {
    largest = largest && part ? Figure<std::uint64_t>(std::max(*largest, *part))
                              : Figure<std::uint64_t>();
  }

  static constexpr std::size_t peak_slot = further_slot<figures>("memory_peak");
  static constexpr std::size_t pss_slot = further_slot<figures>("memory_pss");

  Context& context_;
  FurtherFigures further_figures_;
  std::vector<Figure<std::uint64_t>> scratch_;
  std::vector<Figure<std::uint64_t>> children_scratch_;
  ChildrenAccounts children_accounts_;
  std::vector<std::size_t> counters_;  ///< slots of the further counters that are asked for
  FurtherFigures contained_;  ///< of them, those whose children's accounts are part of their own
  std::unordered_map<ProcessId, Node*> nodes_;
  std::vector<std::unique_ptr<Family>> families_;
  std::vector<Descent> by_parent_;
  std::vector<ProcessId> adopted_;
  std::uint64_t round_ = 0;
};

/// One watched tree, read like a single process. Not thread-safe.
template <SamplesFamilies Sampler>
class ProcessForest<Sampler>::Tree {
 public:
  Tree(ProcessForest& forest, std::shared_ptr<Node> leader) noexcept
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
    if (leader_) forest_->release(*leader_);
  }

  /// Hints that a read will follow soon: the first, one round before the second.
  void prefetch() const noexcept { prefetch_object(*leader_); }
  void prefetch_rest() const noexcept {
    if (leader_->family != nullptr) prefetch_object(*leader_->family);
    if constexpr (requires { leader_->sampler.prefetch(); }) leader_->sampler.prefetch();
  }

  /// The sums over the tree; `vanished` once the leader has ended. Allocates nothing.
  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    Node& leader = *leader_;
    const bool is_there = leader.family != nullptr;
    if (is_there && forest_->is_alone(leader) && forest_->read_alone(leader, reading)) {
      advance(leader.cpu, reading.cpu_time_ns);
      return ReadStatus::ok;
    }
    if (is_there) forest_->read(*leader.family);
    if (leader.has_ended || !is_there) {
      reading.clear();
      return ReadStatus::vanished;
    }
    copy_figures(leader.sum, reading);
    reading.cpu_time_ns = leader.sum.cpu_time_ns;
    if (!reading.more.slots.empty()) show_further(leader, reading);
    advance(leader.cpu, reading.cpu_time_ns);
    return ReadStatus::ok;
  }

  /// The counters alone, now; all else is left unknown. Allocates nothing.
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept {
    reading.clear();
    if (leader_->has_ended || leader_->family == nullptr) return ReadStatus::vanished;
    forest_->read_counters(*leader_, reading);
    return ReadStatus::ok;
  }

 private:
  static void advance(Account& account, Figure<std::uint64_t>& sum) noexcept {
    if (!sum) return;
    account.reported = std::max(account.reported, *sum);
    sum = account.reported;
  }

  void show_further(Node& leader, ProcessReading& reading) const noexcept {
    const FurtherReadings& sum = leader.sum.more;
    std::ranges::copy(sum.slots, reading.more.slots.begin());
    reading.more.refused = sum.refused;
    reading.more.error = sum.error;
    forest_->for_each_counter(leader, [&](Account& account, std::size_t slot) {
      advance(account, reading.more.slots[slot]);
    });
    show_peak(leader, reading);
    hide_incomplete(leader, reading.more);
  }

  /// The peaks of members were at different times: their sum is none.
  static void show_peak(Node& leader, ProcessReading& reading) noexcept {
    Figure<std::uint64_t>& peak = reading.more.slots[peak_slot];
    leader.peak = std::max({leader.peak, peak.value_or(0), reading.memory_rss_bytes.value_or(0)});
    if (peak && reading.more.asks_for(peak_slot)) peak = leader.peak;
  }

  /// A sum is shown once all members have told their part; one that joins later counts once it has.
  static void hide_incomplete(Node& leader, FurtherReadings& more) noexcept {
    leader.complete |= more.asked - (leader.sum.more.awaited | leader.awaited);
    const FurtherFigures hidden = more.asked - leader.complete;
    for (std::size_t slot = 0; slot < further_count<figures>; ++slot) {
      if (hidden.contains(slot)) more.slots[slot] = {};
      if (!more.asks_for(slot)) more.slots[slot] = {};
    }
  }

  ProcessForest* forest_;
  std::shared_ptr<Node> leader_;
};

/// For samplers that know nothing of families: there are no trees.
template <class Sampler>
class NoForest {
 public:
  struct Tree {
    [[nodiscard]] ReadStatus read(ProcessReading&) noexcept { return ReadStatus::vanished; }
    [[nodiscard]] ReadStatus read_counters(ProcessReading&) noexcept {
      return ReadStatus::vanished;
    }
  };

  NoForest(typename Sampler::Context&, FurtherFigures) noexcept {}
  [[nodiscard]] std::optional<Tree> open(ProcessId, std::error_code& error) noexcept {
    error = std::make_error_code(std::errc::function_not_supported);
    return std::nullopt;
  }
  void begin_tick() noexcept {}
  void note_collected(const EndedChild&) noexcept {}
};

template <class Sampler>
struct ForestOf {
  using type = NoForest<Sampler>;
};
template <SamplesFamilies Sampler>
struct ForestOf<Sampler> {
  using type = ProcessForest<Sampler>;
};

/// One process or one tree, read in the same way.
template <class Sampler>
class WatchedSampler {
 public:
  using Tree = typename ForestOf<Sampler>::type::Tree;

  /// Whether prefetch() does anything.
  static constexpr bool is_prefetched = requires(const Sampler& sampler, const Tree& tree) {
    sampler.prefetch();
    tree.prefetch_rest();
  };

  explicit WatchedSampler(Sampler process) noexcept : watched_(std::move(process)) {}
  explicit WatchedSampler(Tree tree) noexcept : watched_(std::move(tree)) {}

  /// Hints that a read will follow soon. The second needs what the first has fetched.
  void prefetch() const noexcept {
    if constexpr (is_prefetched) std::visit([](const auto& one) { one.prefetch(); }, watched_);
  }
  void prefetch_rest() const noexcept {
    if constexpr (is_prefetched) {
      if (const auto* const tree = std::get_if<Tree>(&watched_)) tree->prefetch_rest();
    }
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    if (auto* const process = std::get_if<Sampler>(&watched_)) return process->read(reading);
    return std::get<Tree>(watched_).read(reading);
  }

  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept {
    if (auto* const process = std::get_if<Sampler>(&watched_)) {
      return read_counters_of(*process, reading);
    }
    return std::get<Tree>(watched_).read_counters(reading);
  }

 private:
  std::variant<Sampler, Tree> watched_;
};

}  // namespace provisr::detail
