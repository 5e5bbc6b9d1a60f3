#include "engine/match_worker.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "common/ensure.hpp"
#include "engine/compiled_rules.hpp"
#include "engine/event_plan.hpp"
#include "engine/match_memo.hpp"
#include "event/arena.hpp"
#include "text/fold.hpp"

namespace canhgac::engine {
namespace {

/// A value still to be looked at.
struct Pending {
    std::uint32_t field = 0; ///< index into the event's fields
    Slot slot = 0;
    std::uint64_t hash = 0;
};

/// Longer values are not copied to be looked at together.
constexpr std::size_t kMaxJoinedValue = 64 * common::kKiB;

/// A value of the current event that matched something.
struct Hit {
    std::uint32_t field = 0; ///< index into the event's fields
    ValueMatch match;
};

std::string_view field_name(const CompiledRules& rules, event::FieldId id) {
    return rules.fields->name(id);
}

bool compare_texts(std::string_view left, std::string_view right, const PlanComparison& how) noexcept {
    using rules::Op;
    if (how.cased) {
        switch (how.op) {
        case Op::field_contains:
            return left.find(right) != std::string_view::npos;
        case Op::field_startswith:
            return left.starts_with(right);
        case Op::field_endswith:
            return left.ends_with(right);
        default:
            return left == right;
        }
    }
    switch (how.op) {
    case Op::field_contains:
        return text::contains_folded(left, right);
    case Op::field_startswith:
        return text::starts_folded(left, right);
    case Op::field_endswith:
        return text::ends_folded(left, right);
    default:
        return text::equals_folded(left, right);
    }
}

} // namespace

/// Everything that belongs to one rule set; replaced as a whole by use().
struct MatchWorker::State {
    State(std::shared_ptr<const RuleSet> set, MatchOptions wanted);

    void load(std::shared_ptr<const RuleSet> set);
    void match_event(const event::EventBatch& batch, std::uint32_t index, std::vector<event::Detection>& out);
    void look_at_fields(EventPlan& plan, std::span<const event::Field> fields);
    void sort_out(EventPlan& plan, std::span<const event::Field> fields);
    void look_at_joined(const EventPlan& plan, std::span<const event::Field> fields);
    void look_at(const Pending& wanted, const event::Field& field);
    [[nodiscard]] ValueMatch keep_for_event(const ValueMatch& match);
    [[nodiscard]] ValueMatch scan_value(Slot slot, const event::Field& field);
    void trigger(std::span<const std::uint32_t> rules);
    void compare_fields(const EventPlan& plan, std::span<const event::Field> fields);
    [[nodiscard]] bool has_name(event::FieldId field, std::string_view name);
    [[nodiscard]] bool holds(Atom atom) const noexcept { return (bits[atom / 64] >> atom % 64 & 1U) != 0; }
    void set(Atom atom) noexcept { bits[atom / 64] |= 1ULL << atom % 64; }
    [[nodiscard]] bool run(std::uint32_t rule) const noexcept;
    [[nodiscard]] bool collect(std::uint32_t condition, std::vector<Atom>& atoms) const;
    void report(const EventPlan& plan, std::span<const event::Field> fields, std::uint32_t event, std::uint32_t rule,
                std::vector<event::Detection>& out);

    MatchOptions options;
    std::shared_ptr<const RuleSet> rule_set;
    const CompiledRules* rules = nullptr;
    std::unique_ptr<EventPlanner> planner;
    MatchMemo memo;
    MatcherScratch scratch;
    MatchStats stats;

    std::vector<std::uint64_t> bits; ///< by atom: holds for the current event
    std::vector<Pending> pending;
    text::FoldBuffer joined; ///< folded values, each followed by a separator
    std::vector<std::uint32_t> joined_fields;
    std::vector<Hit> hits;
    std::vector<Atom> compared; ///< comparison atoms that hold
    std::vector<std::uint32_t> triggered;
    std::vector<std::uint32_t> triggered_at; ///< by rule: number of the event that triggered it last
    std::uint32_t event_number = 0;
    std::vector<Atom> atoms_buffer;
    std::vector<std::uint32_t> rules_buffer;
    event::Arena unremembered{16 * common::kKiB}; ///< matches of this event that the memo did not take
};

MatchWorker::State::State(std::shared_ptr<const RuleSet> set, MatchOptions wanted)
    : options(wanted), memo(wanted.memo ? wanted.memo_bytes : 0) {
    load(std::move(set));
}

void MatchWorker::State::load(std::shared_ptr<const RuleSet> set) {
    rule_set = std::move(set);
    rules = &rule_set->compiled();
    planner = std::make_unique<EventPlanner>(*rules);
    memo.clear();
    const std::size_t atoms = rules->triggers.size();
    bits.assign((atoms + 63) / 64, 0);
    scratch.seen.assign(atoms, 0);
    scratch.epoch = 0;
    triggered_at.assign(rules->rules.size(), 0);
    event_number = 0;
    triggered.reserve(rules->rules.size());
    rules_buffer.reserve(rules->rules.size());
    atoms_buffer.reserve(atoms);
    hits.reserve(256);
    pending.reserve(256);
    joined_fields.reserve(256);
    for (const FieldMatcher& matcher : rules->matchers) {
        matcher.prepare(scratch);
    }
}

ValueMatch MatchWorker::State::scan_value(Slot slot, const event::Field& field) {
    atoms_buffer.clear();
    rules_buffer.clear();
    if (++scratch.epoch == 0) {
        std::fill(scratch.seen.begin(), scratch.seen.end(), 0);
        scratch.epoch = 1;
    }
    for (const std::uint32_t matcher : planner->matchers(slot)) {
        if (field.is_null()) {
            rules->matchers[matcher].match_null(scratch, atoms_buffer);
        } else {
            rules->matchers[matcher].match(field.text(), scratch, atoms_buffer);
        }
    }
    for (const Atom atom : atoms_buffer) {
        const auto more = rules->triggers[atom];
        rules_buffer.insert(rules_buffer.end(), more.begin(), more.end());
    }
    std::sort(rules_buffer.begin(), rules_buffer.end());
    rules_buffer.erase(std::unique(rules_buffer.begin(), rules_buffer.end()), rules_buffer.end());
    return {atoms_buffer, rules_buffer};
}

/// The buffers serve the next value: a copy for as long as this event.
ValueMatch MatchWorker::State::keep_for_event(const ValueMatch& match) {
    const std::size_t count = match.atoms.size() + match.rules.size();
    char* raw = unremembered.allocate((count + 1) * sizeof(std::uint32_t));
    const auto misplaced = reinterpret_cast<std::uintptr_t>(raw) % sizeof(std::uint32_t);
    auto* numbers = reinterpret_cast<std::uint32_t*>(raw + (sizeof(std::uint32_t) - misplaced) % sizeof(std::uint32_t));
    std::copy(match.atoms.begin(), match.atoms.end(), numbers);
    std::copy(match.rules.begin(), match.rules.end(), numbers + match.atoms.size());
    return {{numbers, match.atoms.size()}, {numbers + match.atoms.size(), match.rules.size()}};
}

void MatchWorker::State::look_at(const Pending& wanted, const event::Field& field) {
    const bool remember = options.memo && !field.is_null();
    ValueMatch match;
    if (remember && memo.find(wanted.hash, wanted.slot, field.text(), match)) {
        ++stats.memo_hits;
    } else {
        match = scan_value(wanted.slot, field);
        const bool kept = remember && memo.insert(wanted.hash, wanted.slot, field.text(), match);
        if (!kept && !match.atoms.empty()) { match = keep_for_event(match); }
    }
    if (match.atoms.empty()) { return; }
    hits.push_back({wanted.field, match});
    trigger(match.rules);
}

void MatchWorker::State::trigger(std::span<const std::uint32_t> some) {
    for (const std::uint32_t rule : some) {
        if (triggered_at[rule] != event_number) {
            triggered_at[rule] = event_number;
            triggered.push_back(rule);
        }
    }
}

/// Which values must be looked at, one by one or together.
void MatchWorker::State::sort_out(EventPlan& plan, std::span<const event::Field> fields) {
    pending.clear();
    joined.clear();
    joined_fields.clear();
    for (std::uint32_t i = 0; i < fields.size(); ++i) {
        const event::Field& field = fields[i];
        Slot slot = plan.slot(field.name());
        if (slot == EventPlan::kUnknownSlot) [[unlikely]] { slot = planner->learn(plan, field.name()); }
        if (slot == 0) { continue; }
        ++stats.values;
        if (slot == plan.other_payload && plan.joined_keywords) {
            if (field.text().size() < plan.min_keyword_bytes) { continue; }
            if (field.text().size() <= kMaxJoinedValue) {
                joined.append(field.text());
                joined.push_back(FieldMatcher::kSeparator);
                joined_fields.push_back(i);
                continue;
            }
        }
        pending.push_back({i, slot, 0});
        if (options.memo) {
            pending.back().hash = MatchMemo::hash(slot, field.text());
            memo.prefetch_line(pending.back().hash);
        }
    }
}

/// Most events contain no keyword at all: one scan says so for all values that only keywords look at.
void MatchWorker::State::look_at_joined(const EventPlan& plan, std::span<const event::Field> fields) {
    if (joined_fields.empty()) { return; }
    const auto matchers = planner->matchers(plan.other_payload);
    const bool anything = std::any_of(matchers.begin(), matchers.end(), [this](std::uint32_t matcher) {
        return rules->matchers[matcher].anything_in(joined.view(), scratch);
    });
    if (!anything) { return; }
    for (const std::uint32_t i : joined_fields) {
        look_at({i, plan.other_payload, MatchMemo::hash(plan.other_payload, fields[i].text())}, fields[i]);
    }
}

void MatchWorker::State::look_at_fields(EventPlan& plan, std::span<const event::Field> fields) {
    sort_out(plan, fields);
    if (options.memo) {
        for (const Pending& one : pending) {
            memo.prefetch_entry(one.hash);
        }
    }
    look_at_joined(plan, fields);
    for (const Pending& one : pending) {
        look_at(one, fields[one.field]);
    }
}

bool MatchWorker::State::has_name(event::FieldId field, std::string_view name) {
    const std::string_view own = field_name(*rules, field);
    return own == name || (own.find(' ') != std::string_view::npos && without_blanks(own) == name);
}

void MatchWorker::State::compare_fields(const EventPlan& plan, std::span<const event::Field> fields) {
    for (const PlanComparison& comparison : plan.comparisons) {
        const auto equal = [&](const event::Field& left) {
            return !left.is_null() && has_name(left.name(), comparison.left) &&
                   std::any_of(fields.begin(), fields.end(), [&](const event::Field& right) {
                       return !right.is_null() && has_name(right.name(), comparison.right) &&
                              compare_texts(left.text(), right.text(), comparison);
                   });
        };
        if (std::any_of(fields.begin(), fields.end(), equal)) {
            set(comparison.atom);
            compared.push_back(comparison.atom);
        }
    }
}

bool MatchWorker::State::run(std::uint32_t rule) const noexcept {
    std::uint32_t at = rules->rules[rule].first_step;
    while (at < kReject) {
        const Step& step = rules->steps[at];
        at = holds(step.atom) ? step.if_true : step.if_false;
    }
    return at == kAccept;
}

/// Whether the condition holds; if so, the atoms that made it hold are added.
bool MatchWorker::State::collect(std::uint32_t index, std::vector<Atom>& atoms) const {
    const Condition& condition = rules->conditions[index];
    if (condition.kind == Condition::Kind::atom) {
        if (condition.negated) { return !holds(condition.atom); }
        if (holds(condition.atom)) { atoms.push_back(condition.atom); }
        return holds(condition.atom);
    }
    const bool all = condition.kind == Condition::Kind::all;
    const std::size_t before = atoms.size();
    bool result = all;
    for (std::uint32_t i = 0; i < condition.count; ++i) {
        const bool child = collect(rules->children[condition.first + i], atoms);
        result = all ? result && child : result || child;
    }
    if (!result) { atoms.resize(before); }
    return result;
}

void MatchWorker::State::report(const EventPlan& plan, std::span<const event::Field> fields, std::uint32_t event,
                                std::uint32_t rule, std::vector<event::Detection>& out) {
    event::Detection& detection = out.emplace_back();
    detection.event_index = event;
    detection.rule = &rules->infos[rule];
    std::vector<Atom> atoms;
    const bool held = collect(rules->rules[rule].root, atoms);
    common::ensure(held, "program and condition of a rule agree");
    std::sort(atoms.begin(), atoms.end());
    const auto add = [&detection](std::string_view name, std::string_view value) {
        const std::pair pair(name, value);
        auto& list = detection.matched;
        if (std::find(list.begin(), list.end(), pair) == list.end()) { list.push_back(pair); }
    };
    for (const Hit& hit : hits) {
        const event::Field& field = fields[hit.field];
        for (const Atom atom : hit.match.atoms) {
            if (!std::binary_search(atoms.begin(), atoms.end(), atom)) { continue; }
            const bool keyword = rules->keyword_atom[atom];
            add(keyword ? std::string_view("keywords") : field_name(*rules, field.name()), field.text());
        }
    }
    for (const PlanComparison& comparison : plan.comparisons) {
        if (!std::binary_search(atoms.begin(), atoms.end(), comparison.atom)) { continue; }
        for (const event::Field& field : fields) {
            if (has_name(field.name(), comparison.left)) { add(field_name(*rules, field.name()), field.text()); }
        }
    }
}

void MatchWorker::State::match_event(const event::EventBatch& batch, std::uint32_t index,
                                     std::vector<event::Detection>& out) {
    const event::Event& event = batch.events()[index];
    ++stats.events;
    EventPlan& plan = planner->plan(batch, event);
    if (plan.idle) { return; }
    ++stats.classified;
    if (++event_number == 0) {
        std::fill(triggered_at.begin(), triggered_at.end(), 0);
        event_number = 1;
    }
    hits.clear();
    triggered.clear();
    unremembered.reset();
    memo.begin_event();
    const auto fields = batch.fields(event);
    look_at_fields(plan, fields);
    trigger(plan.always);
    if (triggered.empty()) { return; }

    for (const Hit& hit : hits) {
        for (const Atom atom : hit.match.atoms) {
            set(atom);
        }
    }
    compared.clear();
    if (!plan.comparisons.empty() && std::any_of(triggered.begin(), triggered.end(),
                                                 [this](std::uint32_t rule) { return rules->rules[rule].compares; })) {
        compare_fields(plan, fields);
    }
    stats.evaluations += triggered.size();
    std::erase_if(triggered, [this](std::uint32_t rule) { return !run(rule); });
    if (!triggered.empty()) {
        std::sort(triggered.begin(), triggered.end());
        stats.detections += triggered.size();
        for (const std::uint32_t rule : triggered) {
            report(plan, fields, index, rule, out);
        }
    }
    for (const Hit& hit : hits) {
        for (const Atom atom : hit.match.atoms) {
            bits[atom / 64] = 0;
        }
    }
    for (const Atom atom : compared) {
        bits[atom / 64] = 0;
    }
}

MatchWorker::MatchWorker(std::shared_ptr<const RuleSet> rules, MatchOptions options)
    : state_(std::make_unique<State>(std::move(rules), options)) {}
MatchWorker::~MatchWorker() = default;
MatchWorker::MatchWorker(MatchWorker&&) noexcept = default;
MatchWorker& MatchWorker::operator=(MatchWorker&&) noexcept = default;

void MatchWorker::match(const event::EventBatch& batch, std::vector<event::Detection>& out) {
    const auto count = static_cast<std::uint32_t>(batch.size());
    for (std::uint32_t i = 0; i < count; ++i) {
        state_->match_event(batch, i, out);
    }
}

void MatchWorker::use(std::shared_ptr<const RuleSet> rules) {
    state_->load(std::move(rules));
}

const std::shared_ptr<const RuleSet>& MatchWorker::rules() const noexcept {
    return state_->rule_set;
}

const MatchStats& MatchWorker::stats() const noexcept {
    return state_->stats;
}

} // namespace canhgac::engine
