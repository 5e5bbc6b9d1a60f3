#include "engine/correlation_rule.hpp"

#include <algorithm>
#include <utility>
#include <xxhash.h>

#include <fmt/format.h>

#include "storage/coding.hpp"

namespace canhgac::engine {

namespace {

using Compare = rules::Correlation::Compare;
using Type = rules::Correlation::Type;

std::string measure_name_of(const rules::Correlation& correlation) {
    if (correlation.fields.empty()) { return {}; }
    const std::string fields = fmt::format("({})", fmt::join(correlation.fields, ", "));
    switch (correlation.type) {
    case Type::value_count:
        return "value_count" + fields;
    case Type::value_sum:
        return "value_sum" + fields;
    case Type::value_avg:
        return "value_avg" + fields;
    case Type::value_median:
        return "value_median" + fields;
    case Type::new_terms:
        return "new_terms" + fields;
    case Type::rare_value:
        return "rare_value" + fields;
    default:
        return fmt::format("value_percentile {}{}", correlation.percentile, fields);
    }
}

bool compare(const rules::Correlation::Bound& bound, double value) noexcept {
    switch (bound.compare) {
    case Compare::gt:
        return value > bound.value;
    case Compare::gte:
        return value >= bound.value;
    case Compare::lt:
        return value < bound.value;
    case Compare::lte:
        return value <= bound.value;
    case Compare::eq:
        return value == bound.value;
    case Compare::neq:
        return value != bound.value;
    }
    return false;
}

std::string definition_of(const rules::Correlation& c) {
    std::string out =
        fmt::format("{}|{}|{}|{}|{}", c.id.size(), c.id, static_cast<int>(c.type), c.timespan, c.percentile);
    const auto add = [&out](std::string_view text) { out += fmt::format("|{}:{}", text.size(), text); };
    for (const auto* const list : {&c.rule_ids, &c.group_by, &c.fields}) {
        out += fmt::format("|{}", list->size());
        for (const auto& text : *list) {
            add(text);
        }
    }
    for (const auto& [alias, by_rule] : c.aliases) {
        for (const auto& [rule, field] : by_rule) {
            add(alias);
            add(rule);
            add(field);
        }
    }
    for (const auto& bound : c.bounds) {
        out += fmt::format("|{} {}", static_cast<int>(bound.compare), bound.value);
    }
    for (const auto& term : c.terms) {
        out += fmt::format("|{:x}/{:x}", term.present, term.absent);
    }
    if (rules::looks_back(c.type)) { out += fmt::format("|{} {} {}", c.learn, c.max_percent, c.min_events); }
    return out;
}

} // namespace

CorrelationRule::CorrelationRule(rules::Correlation correlation, common::Nanos lateness)
    : correlation_(std::move(correlation)), is_deferred_(correlation_.has_absent()),
      memory_(correlation_.timespan * (is_deferred_ ? 2 : 1) + lateness), definition_(definition_of(correlation_)),
      measure_name_(measure_name_of(correlation_)) {
    const auto all = static_cast<double>(correlation_.rule_ids.size());
    wants_all_in_order_ = correlation_.type == Type::temporal_ordered && correlation_.bounds.size() == 1 &&
                          (correlation_.bounds[0] == rules::Correlation::Bound{Compare::gte, all} ||
                           correlation_.bounds[0] == rules::Correlation::Bound{Compare::eq, all});
    for (const auto& term : correlation_.terms) {
        positive_ |= term.present;
    }
}

bool CorrelationRule::holds(double measured) const noexcept {
    return std::all_of(correlation_.bounds.begin(), correlation_.bounds.end(),
                       [measured](const auto& bound) { return compare(bound, measured); });
}

std::uint64_t seeded_hash(std::string_view bytes, std::uint64_t seed) noexcept {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string_view resolve_alias(const rules::Correlation& correlation, std::string_view name,
                               std::string_view rule_id) noexcept {
    for (const auto& [alias, by_rule] : correlation.aliases) {
        if (alias != name) { continue; }
        for (const auto& [rule, field] : by_rule) {
            if (rule == rule_id) { return field; }
        }
    }
    return name;
}

std::string_view value_of(const NameValues& pairs, std::string_view name) noexcept {
    for (const auto& [have, value] : pairs) {
        if (have == name) { return value; }
    }
    return {};
}

bool append_values(const std::vector<std::string>& fields, const NameValues& captured, bool all, std::string& out) {
    std::size_t present = 0;
    for (const std::string& field : fields) {
        const std::string_view value = value_of(captured, field);
        present += value.empty() ? 0U : 1U;
        for (std::size_t size = value.size(); true; size >>= 7U) {
            if (size < 0x80U) {
                out.push_back(static_cast<char>(size));
                break;
            }
            out.push_back(static_cast<char>(size | 0x80U));
        }
        out += value;
    }
    return all ? present == fields.size() : present != 0 || fields.empty();
}

NameValues key_pairs(const std::vector<std::string>& group_by, std::string_view key) {
    NameValues out;
    storage::ByteSource in(key);
    for (const std::string& name : group_by) {
        const std::string_view value = in.text();
        if (!value.empty()) { out.emplace_back(name, value); }
    }
    return out;
}

} // namespace canhgac::engine
