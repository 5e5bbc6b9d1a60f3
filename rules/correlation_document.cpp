#include "rules/correlation_document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "rules/document.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

using Type = Correlation::Type;

constexpr std::array<std::pair<std::string_view, Type>, 10> kTypes = {{{"event_count", Type::event_count},
                                                                       {"value_count", Type::value_count},
                                                                       {"temporal", Type::temporal},
                                                                       {"temporal_ordered", Type::temporal_ordered},
                                                                       {"value_sum", Type::value_sum},
                                                                       {"value_avg", Type::value_avg},
                                                                       {"value_percentile", Type::value_percentile},
                                                                       {"value_median", Type::value_median},
                                                                       {"new_terms", Type::new_terms},
                                                                       {"rare_value", Type::rare_value}}};

constexpr common::Nanos kUsualLearning = 7 * common::kDay;

/// A whole number and one of s m h d w M y; M and y are pySigma's average lengths (SIGMA.md 64).
std::optional<common::Nanos> parse_timespan(std::string_view text) {
    static constexpr std::array<std::pair<char, common::Nanos>, 7> kUnits = {
        {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}, {'w', 604'800}, {'M', 2'629'746}, {'y', 31'556'952}}};
    static constexpr common::Nanos kLongest = 10LL * 31'556'952; // seconds
    if (text.empty()) { return std::nullopt; }
    common::Nanos count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
    if (error != std::errc{} || end != text.data() + text.size() - 1 || count <= 0) { return std::nullopt; }
    for (const auto& [letter, seconds] : kUnits) {
        if (letter == text.back() && count <= kLongest / seconds) { return count * seconds * common::kSecond; }
    }
    return std::nullopt;
}

Type read_type(const yaml::Node& body) {
    const std::string text = read_text_key(body, "type");
    if (text.empty()) { refuse(body.at, "correlation: missing 'type'"); }
    for (const auto& [name, type] : kTypes) {
        if (text == name) { return type; }
    }
    refuse(body.find("type")->at, "unknown correlation type '" + text + "'");
}

void check_keys(const yaml::Node& body) {
    static constexpr std::array<std::string_view, 7> kKnown = {"type",      "rules",   "group-by", "timespan",
                                                               "condition", "aliases", "generate"};
    for (std::size_t i = 0; i < body.entries.size(); ++i) {
        bool is_known = false;
        for (const auto key : kKnown) {
            is_known = is_known || key == body.entries[i].first;
        }
        if (!is_known) {
            refuse(body.key_positions[i], "correlation: key '" + body.entries[i].first + "' is not known");
        }
    }
}

void read_condition(UnresolvedCorrelation& out, const yaml::Node& body) {
    Correlation& correlation = out.correlation;
    const auto* node = body.find("condition");
    if (node == nullptr || node->is_null()) {
        if (is_temporal(correlation.type)) { return; }
        refuse(body.at, "correlation: missing 'condition'");
    }
    if (node->is_map()) {
        read_condition_map(correlation, *node);
        return;
    }
    if (looks_back(correlation.type)) {
        refuse(node->at, "correlation: this type needs a condition like {field: ...}");
    }
    if (!is_temporal(correlation.type)) { refuse(node->at, "correlation: this type needs a condition like {gte: 10}"); }
    if (!node->is_string()) { refuse(node->at, "correlation: 'condition' must be a map or an expression over rules"); }
    correlation.condition = node->text;
    out.named = read_extended_condition(*node);
}

void read_rules(UnresolvedCorrelation& out, const yaml::Node& body) {
    out.correlation.rule_ids = read_texts_key(body, "rules");
    if (out.correlation.rule_ids.empty()) {
        if (!out.named) { refuse(body.at, "correlation: missing 'rules'"); }
        out.correlation.rule_ids = out.named->names;
        out.reference_positions.assign(out.named->names.size(), out.named->at);
        return;
    }
    const auto& node = *body.find("rules");
    for (std::size_t i = 0; i < out.correlation.rule_ids.size(); ++i) {
        out.reference_positions.push_back(node.is_sequence() ? node.items[i].at : node.at);
    }
}

void read_aliases(UnresolvedCorrelation& out, const yaml::Node& body) {
    const auto* node = body.find("aliases");
    if (node == nullptr || node->is_null()) { return; }
    out.aliases_at = node->at;
    if (!node->is_map()) { refuse(node->at, "correlation: 'aliases' must be a map"); }
    for (const auto& [alias, fields] : node->entries) {
        if (!fields.is_map() || fields.entries.empty()) {
            refuse(fields.at, "correlation: alias '" + alias + "' must map rules to fields");
        }
        auto& target = out.correlation.aliases.emplace_back(alias, std::vector<std::pair<std::string, std::string>>{});
        for (const auto& [rule, field] : fields.entries) {
            if (!field.is_string() || field.text.empty()) {
                refuse(field.at, "correlation: alias '" + alias + "' needs the name of a field");
            }
            target.second.emplace_back(rule, field.text);
        }
    }
}

/// How long the types that look back only watch: `canhgac.learn`, a week unless their history is shorter.
void read_learning(Correlation& out, const yaml::Node* node) {
    if (node != nullptr && !looks_back(out.type)) {
        refuse(node->at, "'learn' in 'canhgac' is for correlations of type new_terms and rare_value only");
    }
    if (!looks_back(out.type)) { return; }
    if (node == nullptr) {
        out.learn = std::min(kUsualLearning, out.timespan);
        return;
    }
    const auto learn = node->text == "0s" ? common::Nanos{0} : parse_timespan(node->text).value_or(-1);
    if (!node->is_string() || learn < 0) {
        refuse(node->at, "'learn' in 'canhgac' must be a number with s, m, h, d, w, M or y, such as 7d; 0s: none");
    }
    if (learn > out.timespan) { refuse(node->at, "'learn' in 'canhgac' must not be longer than 'timespan'"); }
    out.learn = learn;
}

/// Inside `correlation` as pySigma has it, or beside it as older texts of the specification do.
bool read_generate(const yaml::Node& document, const yaml::Node& body) {
    const auto* node = body.find("generate");
    if (node == nullptr) { node = document.find("generate"); }
    if (node == nullptr) { return false; }
    if (node->kind != yaml::Kind::boolean) { refuse(node->at, "'generate' must be true or false"); }
    return node->boolean;
}

} // namespace

UnresolvedCorrelation read_correlation(const yaml::Node& document) {
    check_head(document);
    UnresolvedCorrelation out;
    Correlation& correlation = out.correlation;
    correlation.id = read_identity(document);
    correlation.name = read_text_key(document, "name");
    correlation.title = read_text_key(document, "title");
    correlation.description = read_text_key(document, "description");
    correlation.status = read_text_key(document, "status");
    correlation.level = read_level(document);
    correlation.tags = read_texts_key(document, "tags");
    OwnKeys own = read_own_keys(document);
    correlation.entity = std::move(own.entity);
    correlation.title_vi = std::move(own.title_vi);
    correlation.response_vi = std::move(own.response_vi);
    const auto& body = *document.find("correlation");
    if (!body.is_map()) { refuse(body.at, "'correlation' must be a map"); }
    correlation.type = read_type(body);
    check_keys(body);
    read_condition(out, body);
    read_rules(out, body);
    correlation.group_by = read_texts_key(body, "group-by");
    const auto timespan = parse_timespan(read_text_key(body, "timespan"));
    if (!timespan) {
        const auto* node = body.find("timespan");
        refuse(node == nullptr ? body.at : node->at,
               "correlation: 'timespan' must be a number with s, m, h, d, w, M or y, at most 10 years");
    }
    correlation.timespan = *timespan;
    read_learning(correlation, own.learn);
    read_aliases(out, body);
    correlation.generate = read_generate(document, body);
    return out;
}

} // namespace canhgac::rules
