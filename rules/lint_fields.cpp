// Checks of field names and of the log source against what decoders give (rules/field_catalog.hpp).
#include <algorithm>
#include <set>

#include "event/schema.hpp"
#include "rules/lint_document.hpp"
#include "text/fold.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

std::string shown(const LogSource& source) {
    std::string out;
    for (const auto& [name, value] : {std::pair("product", source.product), std::pair("category", source.category),
                                      std::pair("service", source.service)}) {
        if (!value.empty()) { out += (out.empty() ? "" : ", ") + std::string(name) + " " + value; }
    }
    return out;
}

/// A name in `names` that differs in case only; empty if there is none.
std::string in_other_case(const std::set<std::string>& names, const std::string& name) {
    const auto found = std::find_if(names.begin(), names.end(), [&name](const std::string& one) {
        return one != name && text::equals_folded(one, name);
    });
    return found == names.end() ? std::string{} : *found;
}

bool is_envelope_name(std::string_view name) {
    return std::find(event::kEnvelopeNames.begin(), event::kEnvelopeNames.end(), name) != event::kEnvelopeNames.end();
}

class FieldChecks {
public:
    FieldChecks(const Rule& rule, KnownFields known, LintSink& sink)
        : source_(shown(rule.logsource)), known_(std::move(known)), sink_(sink) {}

    void selection(const yaml::Node& node) {
        if (node.is_sequence()) {
            for (const yaml::Node& item : node.items) {
                selection(item);
            }
        }
        if (!node.is_map()) { return; }
        for (std::size_t i = 0; i < node.entries.size(); ++i) {
            const LintKey key = lint_key(node.entries[i].first);
            check(std::string(key.field), node.key_positions[i]);
            if (key.has("fieldref") && node.entries[i].second.is_scalar()) {
                check(node.entries[i].second.text, node.entries[i].second.at);
            }
        }
    }

    /// The fields of a rule that pipelines changed have no places of their own.
    void rule(const Rule& rule, yaml::Position at) {
        for (const Predicate& predicate : rule.predicates) {
            check(predicate.field, at);
            check(predicate.other_field, at);
        }
    }

private:
    void check(const std::string& field, yaml::Position at) {
        const std::string name = field_key(field);
        if (name.empty() || is_envelope_name(name) || known_.listed.contains(name) || known_.seen.contains(name)) {
            return;
        }
        if (!told_.insert(name).second) { return; }
        std::string other = in_other_case(known_.seen, name);
        if (other.empty() && known_.complete) { other = in_other_case(known_.listed, name); }
        if (!other.empty()) {
            sink_.add("field-case", at, "'" + field + "' is written '" + other + "' in events of " + source_);
        } else if (known_.complete) {
            sink_.add("dead-field", at, "events of " + source_ + " have no '" + field + "' (" + basis() + ")");
        } else if (known_.events > 0) {
            sink_.add("unseen-field", at,
                      "'" + field + "' is in none of " + std::to_string(known_.events) + " recorded events of " +
                          source_ + ", and no list says it exists");
        }
    }

    [[nodiscard]] std::string basis() const {
        std::string out = "the decoders' list of " + std::to_string(known_.listed.size()) + " fields, rules/fields";
        if (known_.events > 0) { out += "; nor in " + std::to_string(known_.events) + " recorded events"; }
        return out;
    }

    std::string source_;
    KnownFields known_;
    LintSink& sink_;
    std::set<std::string> told_;
};

} // namespace

void lint_fields(const LintDocument& document, const LogSourceTable& table, const FieldCatalog& catalog,
                 LintSink& sink) {
    const Rule& rule = *document.rule;
    KnownFields known = known_fields(rule.logsource, table, catalog);
    if (known.classes == 0 && known.events == 0) {
        sink.add("dead-logsource", document.node.find("logsource")->at,
                 "no entry of the log source table (rules/logsources) gives " + shown(rule.logsource) +
                     ": only events whose trusted sender names this log source reach the rule");
        return;
    }
    FieldChecks checks(rule, std::move(known), sink);
    if (document.is_piped) { return checks.rule(rule, document.node.find("detection")->at); }
    for (const auto& [name, node] : document.node.find("detection")->entries) {
        if (name != "condition" && name != "timeframe") { checks.selection(node); }
    }
}

} // namespace canhgac::rules
