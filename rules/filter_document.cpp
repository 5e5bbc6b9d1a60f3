#include "rules/filter_document.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/clock.hpp"
#include "rules/refusal.hpp"
#include "rules/rule_builder.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// "2027-01-31": through the end of that day in Vietnam (UTC+7); with a time of day: that instant, UTC+7 when it names
/// no zone.
common::Nanos read_until(const yaml::Node& node) {
    static constexpr int kZoneSeconds = 7 * 3600;
    const auto day = common::parse_rfc3339(node.text + "T00:00:00", kZoneSeconds);
    if (day) { return *day + common::kDay; }
    const auto instant = common::parse_rfc3339(node.text, kZoneSeconds);
    if (!instant) { refuse(node.at, "'until' must be a day like 2027-01-31 or a time like 2027-01-31T18:00:00+07:00"); }
    return *instant;
}

/// Our own key: how long a filter holds, why, and who wanted it.
void read_term(const yaml::Node& document, Filter& filter) {
    const auto* own = document.find("canhgac");
    if (own == nullptr) { return; }
    if (!own->is_map()) { refuse(own->at, "'canhgac' must be a map"); }
    for (std::size_t i = 0; i < own->entries.size(); ++i) {
        const auto& [key, value] = own->entries[i];
        if (key == "until") {
            if (!value.is_scalar()) { refuse(value.at, "'until' must be a day or a time"); }
            filter.until = read_until(value);
        } else if (key == "reason") {
            filter.reason = read_text_key(*own, key);
        } else if (key == "who") {
            filter.who = read_text_key(*own, key);
        } else {
            refuse(own->key_positions[i],
                   "unknown key '" + key + "' in 'canhgac' of a filter: until, reason and who are known");
        }
    }
}

/// `any` and an empty list mean every rule (SIGMA.md 75).
void read_references(const yaml::Node& body, UnresolvedFilter& out) {
    const auto* rules = body.find("rules");
    if (rules == nullptr) {
        refuse(body.at, "filter: missing 'rules'; list ids or names of rules, or write 'any' for every rule");
    }
    const auto add = [&out](const yaml::Node& node) {
        if (!node.is_scalar() || node.is_null() || node.text.empty()) {
            refuse(node.at, "filter: 'rules' must be 'any' or a list of ids or names of rules");
        }
        out.references.push_back({node.text, node.at});
    };
    if (!rules->is_sequence()) {
        add(*rules);
        if (rules->text == "any") { out.references.clear(); }
    } else {
        for (const auto& item : rules->items) {
            add(item);
        }
    }
    out.filter.for_all = out.references.empty();
}

} // namespace

UnresolvedFilter read_filter(const yaml::Node& document, const ReadContext& context, FilterPolarity polarity) {
    check_head(document, context.taxonomies);
    UnresolvedFilter out;
    out.at = document.at;
    Filter& filter = out.filter;
    filter.id = read_identity(document);
    filter.name = read_text_key(document, "name");
    filter.title = read_text_key(document, "title");
    filter.description = read_text_key(document, "description");
    filter.logsource = read_logsource(document);
    for (const std::string_view other : {"detection", "correlation"}) {
        if (const auto* node = document.find(other)) {
            refuse(node->at, "a document is a rule, a correlation or a filter: move '" + std::string(other) +
                                 "' to a document of its own");
        }
    }
    const auto& body = *document.find("filter");
    if (!body.is_map()) { refuse(body.at, "'filter' must be a map"); }
    read_references(body, out);
    out.body.id = filter.id;
    out.body.title = filter.title;
    out.body.logsource = filter.logsource;
    read_section(out.body, body, context, Section::filter);
    if (polarity == FilterPolarity::specification) { out.body.root = RuleBuilder(out.body).negate(out.body.root); }
    read_term(document, filter);
    return out;
}

void narrow(Rule& rule, const UnresolvedFilter& filter) {
    const auto predicates = static_cast<std::uint32_t>(rule.predicates.size());
    const auto nodes = static_cast<std::uint32_t>(rule.nodes.size());
    rule.predicates.insert(rule.predicates.end(), filter.body.predicates.begin(), filter.body.predicates.end());
    for (Node node : filter.body.nodes) {
        if (node.kind == Node::Kind::predicate) { node.predicate += predicates; }
        for (auto& child : node.children) {
            child += nodes;
        }
        rule.nodes.push_back(std::move(node));
    }
    rule.root = RuleBuilder(rule).all({rule.root, filter.body.root + nodes});
    rule.filters.push_back(filter.filter.id);
}

} // namespace canhgac::rules
