#include "rules/print.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include "common/ip.hpp"

namespace canhgac::rules {

namespace {

/// In double quotes; backslash and quote escaped, control bytes as \xNN.
std::string in_quotes(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20U || byte == 0x7FU) {
            out += "\\x";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xFU];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string number_text(double number) {
    std::array<char, 64> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return {buffer.data(), error == std::errc{} ? static_cast<std::size_t>(end - buffer.data()) : 0U};
}

std::string pattern_text(const std::vector<PatternPart>& pattern) {
    if (pattern.empty()) { return "\"\""; }
    std::string out;
    for (const auto& part : pattern) {
        if (!out.empty()) { out += ' '; }
        out += part.kind == PatternPart::Kind::any   ? "*"
               : part.kind == PatternPart::Kind::one ? "?"
                                                     : in_quotes(part.text);
    }
    return out;
}

std::string network_text(const Predicate& predicate) {
    return common::to_string(common::IpAddress{predicate.network, predicate.is_ipv6}) + "/" +
           std::to_string(predicate.prefix_bits);
}

std::string regex_text(const Predicate& predicate) {
    std::string out = "regex " + in_quotes(predicate.text);
    if (predicate.regex_ignore_case) { out += " ignorecase"; }
    if (predicate.regex_multiline) { out += " multiline"; }
    if (predicate.regex_dotall) { out += " dotall"; }
    return out;
}

/// "hour ", a part of the time that the value states, or nothing.
std::string time_text(const Predicate& predicate) {
    static constexpr std::array<std::string_view, 7> kParts = {"", "minute", "hour", "day", "week", "month", "year"};
    if (predicate.time_part == TimePart::none) { return {}; }
    return std::string(kParts[static_cast<std::size_t>(predicate.time_part)]) + " ";
}

std::string test_text(const Predicate& predicate) {
    switch (predicate.op) {
    case Op::matches:
        return "matches " + pattern_text(predicate.pattern) + (predicate.cased ? " cased" : "");
    case Op::regex:
        return regex_text(predicate);
    case Op::cidr:
        return "in " + network_text(predicate);
    case Op::equal_number:
        return time_text(predicate) + "= " + number_text(predicate.number);
    case Op::less:
        return time_text(predicate) + "< " + number_text(predicate.number);
    case Op::less_equal:
        return time_text(predicate) + "<= " + number_text(predicate.number);
    case Op::greater:
        return time_text(predicate) + "> " + number_text(predicate.number);
    case Op::greater_equal:
        return time_text(predicate) + ">= " + number_text(predicate.number);
    case Op::is_null:
        return "is null";
    case Op::exists:
        return predicate.expected ? "exists" : "does not exist";
    case Op::boolean:
        return predicate.expected ? "is true" : "is false";
    case Op::field_equals:
        return "equals field " + predicate.other_field;
    case Op::field_contains:
        return "contains field " + predicate.other_field;
    case Op::field_startswith:
        return "starts with field " + predicate.other_field;
    case Op::field_endswith:
        return "ends with field " + predicate.other_field;
    }
    return {};
}

void print_node(const Rule& rule, std::uint32_t index, std::size_t depth, std::string& out) {
    const Node& node = rule.nodes[index];
    out.append(2 * depth, ' ');
    switch (node.kind) {
    case Node::Kind::predicate:
        out += print(rule.predicates[node.predicate]) + "\n";
        return;
    case Node::Kind::conjunction:
        out += "all\n";
        break;
    case Node::Kind::disjunction:
        out += "any\n";
        break;
    case Node::Kind::negation:
        out += "not\n";
        break;
    }
    for (const auto child : node.children) {
        print_node(rule, child, depth + 1, out);
    }
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : ", ") + text;
    }
    return out;
}

void print_line(std::string& out, std::string_view name, const std::string& value) {
    if (!value.empty()) { out += std::string(name) + ": " + value + "\n"; }
}

std::string measure_text(const Correlation& correlation) {
    using Type = Correlation::Type;
    const std::string field = joined(correlation.fields);
    switch (correlation.type) {
    case Type::event_count:
        return "count of events";
    case Type::value_count:
        return "count of distinct " + field;
    case Type::temporal:
        return correlation.terms.empty() ? "count of rules" : correlation.condition;
    case Type::temporal_ordered:
        return (correlation.terms.empty() ? "count of rules" : correlation.condition) + " in their order";
    case Type::value_sum:
        return "sum of " + field;
    case Type::value_avg:
        return "average of " + field;
    case Type::value_percentile:
        return "percentile " + number_text(correlation.percentile) + " of " + field;
    case Type::value_median:
        return "median of " + field;
    case Type::new_terms:
        return "new value of " + field;
    case Type::rare_value:
        return "count of this value of " + field;
    }
    return {};
}

} // namespace

std::string print(const Predicate& predicate) {
    return (predicate.field.empty() ? std::string("<any value>") : predicate.field) + " " + test_text(predicate);
}

std::string print(const Rule& rule) {
    std::string out = "rule " + rule.id + "\n";
    print_line(out, "name", rule.name);
    print_line(out, "title", rule.title);
    print_line(out, "level", std::string(event::to_string(rule.level)));
    print_line(out, "product", rule.logsource.product);
    print_line(out, "category", rule.logsource.category);
    print_line(out, "service", rule.logsource.service);
    print_line(out, "tags", joined(rule.tags));
    print_line(out, "entity", joined(rule.entity));
    print_line(out, "filters", joined(rule.filters));
    out += "when:\n";
    print_node(rule, rule.root, 1, out);
    return out;
}

std::string print(const Correlation& correlation) {
    static constexpr std::array<std::string_view, 6> kCompares = {">", ">=", "<", "<=", "=", "!="};
    std::string out = "correlation " + correlation.id + "\n";
    print_line(out, "name", correlation.name);
    print_line(out, "title", correlation.title);
    print_line(out, "level", std::string(event::to_string(correlation.level)));
    print_line(out, "rules", joined(correlation.rule_ids));
    print_line(out, "group by", joined(correlation.group_by));
    for (const auto& [alias, fields] : correlation.aliases) {
        for (const auto& [rule, field] : fields) {
            out += "alias ";
            out += alias;
            out += " of ";
            print_line(out, rule, field);
        }
    }
    out += "when: " + measure_text(correlation);
    for (std::size_t i = 0; i < correlation.bounds.size(); ++i) {
        out += (i == 0 ? " " : " and ") +
               std::string(kCompares[static_cast<std::size_t>(correlation.bounds[i].compare)]) + " " +
               number_text(correlation.bounds[i].value);
    }
    if (correlation.max_percent < 100.0) { out += ", at most " + number_text(correlation.max_percent) + " %"; }
    if (correlation.min_events != 0) { out += ", of at least " + std::to_string(correlation.min_events) + " events"; }
    out += " within " + std::to_string(correlation.timespan / common::kSecond) + " s\n";
    if (correlation.learn != 0) { out += "learns for " + std::to_string(correlation.learn / common::kSecond) + " s\n"; }
    if (correlation.generate) { out += "its rules give results of their own\n"; }
    return out;
}

} // namespace canhgac::rules
