#include "engine/event_plan.hpp"

#include <algorithm>
#include <cstring>

#include "common/ensure.hpp"

namespace canhgac::engine {
namespace {

constexpr std::size_t kCachedValues = 256; ///< per condition field
constexpr unsigned kBitsPerValue = 12;     ///< of the packed key: up to 4,095 values per condition field
constexpr std::size_t kMaxPackedFields = 4;

/// From the size and the last eight bytes: names of channels differ in their ends, numbers are short.
std::size_t quick_hash(std::string_view value) noexcept {
    std::uint64_t word = 0;
    if (value.size() >= sizeof(word)) {
        std::memcpy(&word, value.data() + value.size() - sizeof(word), sizeof(word));
    } else {
        for (const char c : value) {
            word = word << 8U | static_cast<unsigned char>(c);
        }
    }
    return static_cast<std::size_t>((word ^ value.size()) * 0x9E3779B97F4A7C15ULL >> 40U);
}

constexpr bool tells_logsource(event::FieldId field) noexcept {
    return field == event::field::kLogsourceProduct || field == event::field::kLogsourceCategory ||
           field == event::field::kLogsourceService;
}

} // namespace

EventPlanner::EventPlanner(const CompiledRules& rules) : rules_(&rules) {
    slots_.emplace_back(); // slot 0: nobody
    slot_index_.emplace(std::vector<std::uint32_t>{}, 0);
    const auto fields = rules.classifier.fields();
    common::ensure(fields.size() < 255, "log source tables ask for few fields");
    value_cache_.assign(fields.size(), std::vector<CachedValue>(kCachedValues));
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto id = static_cast<std::size_t>(fields[i].field);
        if (condition_field_.size() <= id) { condition_field_.resize(id + 1); }
        condition_field_[id] = static_cast<std::uint8_t>(i + 1);
    }
}

std::uint32_t EventPlanner::number_of(std::uint32_t field, std::string_view value) {
    const auto& known = rules_->classifier.fields()[field];
    if (value.empty() || value.size() > CachedValue::kMaxText) { return known.number_of(value); }
    CachedValue& cached = value_cache_[field][quick_hash(value) % kCachedValues];
    if (cached.number == kNone || cached.size != value.size() ||
        std::memcmp(cached.text.data(), value.data(), value.size()) != 0) {
        cached.number = known.number_of(value);
        cached.size = static_cast<std::uint8_t>(value.size());
        std::memcpy(cached.text.data(), value.data(), value.size());
    }
    return cached.number;
}

EventPlan& EventPlanner::plan(const event::EventBatch& batch, const event::Event& event) {
    const auto wanted = rules_->classifier.fields_of(event.format);
    if (!rules_->route_by_logsource || wanted.size() > kMaxPackedFields) { return plan_slowly(batch, event); }
    const bool trusted = (event.flags & event::flag::kTrustedSource) != 0;
    std::uint64_t key = static_cast<std::uint64_t>(event.format) << kBitsPerValue * kMaxPackedFields;
    if (!wanted.empty() || trusted) {
        std::uint64_t seen = 0;
        for (const event::Field& field : batch.fields(event)) {
            if (trusted && tells_logsource(field.name())) { return plan_slowly(batch, event); }
            const auto id = static_cast<std::size_t>(field.name());
            if (id >= condition_field_.size() || condition_field_[id] == 0 || field.is_null()) { continue; }
            const std::uint32_t condition = condition_field_[id] - 1U;
            const auto place =
                static_cast<unsigned>(std::find(wanted.begin(), wanted.end(), condition) - wanted.begin());
            if (place == wanted.size()) { continue; }
            if ((seen >> place & 1U) != 0) { return plan_slowly(batch, event); } // repeated field
            seen |= 1ULL << place;
            const std::uint32_t number = number_of(condition, field.text());
            if (number >> kBitsPerValue != 0) { return plan_slowly(batch, event); }
            key |= static_cast<std::uint64_t>(number) << kBitsPerValue * place;
        }
    }
    if (key == last_key_) { return *last_plan_; }
    auto found = by_values_.find(key);
    if (found == by_values_.end()) { found = by_values_.emplace(key, &plan_slowly(batch, event)).first; }
    last_key_ = key;
    last_plan_ = found->second;
    return *last_plan_;
}

EventPlan& EventPlanner::plan_slowly(const event::EventBatch& batch, const event::Event& event) {
    if (!rules_->route_by_logsource) {
        if (last_plan_ == nullptr) {
            std::vector<Served> all;
            for (std::uint32_t group = 0; group < rules_->groups.size(); ++group) {
                all.push_back({group, kNone});
            }
            last_plan_ = &plan_of(std::move(all));
        }
        return *last_plan_;
    }
    ConditionValues values(rules_->classifier.fields().size());
    rules::LogSource told;
    for (const event::Field& field : batch.fields(event)) {
        if (field.is_null()) { continue; }
        const auto id = static_cast<std::size_t>(field.name());
        if (id < condition_field_.size() && condition_field_[id] != 0) {
            const std::uint32_t condition = condition_field_[id] - 1U;
            values[condition].push_back(number_of(condition, field.text()));
        }
        if (field.name() == event::field::kLogsourceProduct) { told.product = field.text(); }
        if (field.name() == event::field::kLogsourceCategory) { told.category = field.text(); }
        if (field.name() == event::field::kLogsourceService) { told.service = field.text(); }
    }
    const bool trusted = (event.flags & event::flag::kTrustedSource) != 0 && told != rules::LogSource{};
    return plan_of(serve(rules_->classifier.classes(event.format, values), trusted ? &told : nullptr));
}

std::vector<EventPlanner::Served> EventPlanner::serve(std::span<const std::uint32_t> classes,
                                                      const rules::LogSource* told) const {
    std::vector<Served> served;
    for (std::uint32_t group = 0; group < rules_->groups.size(); ++group) {
        const rules::LogSource& wanted = rules_->groups[group].logsource;
        const auto holds = std::find_if(classes.begin(), classes.end(), [&](std::uint32_t index) {
            return rules::contains(wanted, rules_->classifier.entry(index).logsource);
        });
        if (holds != classes.end()) {
            // Aliases are the category's: rules of a service alone use the event's own names.
            served.push_back({group, wanted.category.empty() ? kNone : *holds});
        } else if ((told != nullptr && rules::contains(wanted, *told)) || wanted == rules::LogSource{}) {
            served.push_back({group, kNone});
        }
    }
    return served;
}

EventPlan& EventPlanner::plan_of(std::vector<Served> served) {
    auto found = plans_.find(served);
    if (found == plans_.end()) {
        auto plan = std::make_unique<EventPlan>();
        fill(*plan, served);
        found = plans_.emplace(std::move(served), std::move(plan)).first;
    }
    return *found->second;
}

void EventPlanner::fill(EventPlan& plan, const std::vector<Served>& served) {
    std::map<std::string, std::vector<std::uint32_t>> matchers_of;
    std::vector<std::uint32_t> keywords;
    for (const Served& one : served) {
        const Group& group = rules_->groups[one.group];
        plan.idle = false;
        plan.always.insert(plan.always.end(), group.always.begin(), group.always.end());
        const auto event_name = [&](const std::string& rule_field) {
            if (one.entry != kNone) {
                for (const rules::FieldAlias& alias : rules_->classifier.entry(one.entry).aliases) {
                    if (without_blanks(alias.rule_field) == rule_field) { return without_blanks(alias.event_field); }
                }
            }
            return rule_field;
        };
        for (const GroupField& field : group.fields) {
            matchers_of[event_name(field.name)].push_back(field.matcher);
        }
        if (group.keywords != kNone) { keywords.push_back(group.keywords); }
        for (const FieldComparison& comparison : group.comparisons) {
            plan.comparisons.push_back({event_name(comparison.left), event_name(comparison.right), comparison.op,
                                        comparison.cased, comparison.atom});
        }
    }
    plan.other_payload = slot_of(keywords);
    plan.joined_keywords = !keywords.empty();
    plan.min_keyword_bytes = static_cast<std::size_t>(-1);
    for (const std::uint32_t keyword : keywords) {
        const FieldMatcher& matcher = rules_->matchers[keyword];
        plan.joined_keywords = plan.joined_keywords && matcher.joinable();
        plan.min_keyword_bytes = std::min(plan.min_keyword_bytes, matcher.min_value_bytes());
    }
    for (auto& [name, matchers] : matchers_of) {
        const auto id = rules_->fields->intern(name);
        if (!event::is_envelope(id) || id == event::field::kMessage) {
            matchers.insert(matchers.end(), keywords.begin(), keywords.end());
        }
        plan.slot_by_name.emplace(name, slot_of(std::move(matchers)));
    }
    const std::uint32_t known = rules_->fields->size();
    plan.slot_of.reserve(known);
    for (std::uint32_t id = 0; id < known; ++id) {
        common::ensure(learn(plan, event::FieldId{id}) != EventPlan::kUnknownSlot, "learned slots are known");
    }
}

Slot EventPlanner::learn(EventPlan& plan, event::FieldId field) {
    const auto index = static_cast<std::uint32_t>(field);
    while (plan.slot_of.size() <= index) {
        const event::FieldId next{static_cast<std::uint32_t>(plan.slot_of.size())};
        const auto found = plan.slot_by_name.find(without_blanks(rules_->fields->name(next)));
        const bool payload = !event::is_envelope(next) || next == event::field::kMessage;
        plan.slot_of.push_back(found != plan.slot_by_name.end() ? found->second : payload ? plan.other_payload : 0);
    }
    return plan.slot_of[index];
}

Slot EventPlanner::slot_of(std::vector<std::uint32_t> matchers) {
    std::sort(matchers.begin(), matchers.end());
    const auto [found, fresh] = slot_index_.emplace(matchers, static_cast<Slot>(slots_.size()));
    if (fresh) { slots_.push_back(std::move(matchers)); }
    return found->second;
}

} // namespace canhgac::engine
