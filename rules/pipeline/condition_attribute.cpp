// The rule condition `rule_attribute`: levels and statuses in their order, dates, numbers, texts, lists.
#include <algorithm>
#include <array>

#include "rules/pipeline/conditions.hpp"
#include "rules/pipeline/values.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

enum class AttributeOp { eq, ne, gte, gt, lte, lt, in, not_in };

/// Lowest first.
constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 5> kStatuses = {"unsupported", "deprecated", "experimental", "test", "stable"};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

/// The place of a word in an order, as a number to compare.
template <typename Order>
std::optional<yaml::Node> rank(const Order& order, const std::string& text) {
    const auto found = std::find(order.begin(), order.end(), lower(text));
    if (found == order.end()) { return std::nullopt; }
    yaml::Node node;
    node.kind = yaml::Kind::integer;
    node.real = static_cast<double>(found - order.begin());
    return node;
}

/// "2024/01/31" and "2024-01-31" alike; the order of these texts is that of the days.
std::optional<std::string> date(std::string text) {
    std::replace(text.begin(), text.end(), '/', '-');
    const auto is_digit = [&text](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') { return std::nullopt; }
    for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U, 8U, 9U}) {
        if (!is_digit(i)) { return std::nullopt; }
    }
    return text;
}

yaml::Node text_node(std::string text) {
    yaml::Node node;
    node.kind = yaml::Kind::string;
    node.text = std::move(text);
    return node;
}

struct AttributeTest {
    std::string attribute;
    yaml::Node value;
    AttributeOp op = AttributeOp::eq;

    [[nodiscard]] bool list_holds(const yaml::Node& list) const {
        const bool found = std::any_of(list.items.begin(), list.items.end(),
                                       [this](const auto& item) { return compares(item, Comparison::eq, value); });
        if (op == AttributeOp::in) { return found; }
        if (op == AttributeOp::not_in) { return !found; }
        return op == AttributeOp::ne; // a list is never equal to one value, nor more nor less
    }

    [[nodiscard]] Comparison comparison() const { return static_cast<Comparison>(op); }

    [[nodiscard]] bool holds(const yaml::Node& own, const PipelineRun& run) const {
        if (own.is_sequence()) { return list_holds(own); }
        if (op == AttributeOp::in || op == AttributeOp::not_in) { fail(run, "is not a list"); }
        if (attribute == "level" || attribute == "status") {
            const auto left = attribute == "level" ? rank(kLevels, own.text) : rank(kStatuses, own.text);
            const auto right = attribute == "level" ? rank(kLevels, value.text) : rank(kStatuses, value.text);
            return left && compares(*left, comparison(), *right);
        }
        if (const auto left = date(own.text); left && (attribute == "date" || attribute == "modified")) {
            return compares(text_node(*left), comparison(), text_node(*date(value.text)));
        }
        if (own.is_string()) {
            if (op != AttributeOp::eq && op != AttributeOp::ne) { fail(run, "is text: only eq and ne compare it"); }
            const bool same = attribute == "id" ? lower(own.text) == lower(value.text) : own.text == value.text;
            return same == (op == AttributeOp::eq);
        }
        return compares(own, comparison(), value);
    }

    [[noreturn]] void fail(const PipelineRun& run, const std::string& why) const {
        refuse(run.at(), "pipeline condition rule_attribute: '" + attribute + "' " + why);
    }

    bool operator()(const PipelineRun& run) const {
        const auto* own = run.document->find(attribute);
        if (own != nullptr && !own->is_null()) { return holds(*own, run); }
        const auto custom = run.attributes.find(attribute);
        return custom != run.attributes.end() && holds(custom->second, run);
    }
};

void check(const AttributeTest& test) {
    const auto& text = test.value.text;
    if (test.attribute == "level" && !rank(kLevels, text)) { refuse(test.value.at, "unknown level '" + text + "'"); }
    if (test.attribute == "status" && !rank(kStatuses, text)) {
        refuse(test.value.at, "unknown status '" + text + "'");
    }
    if ((test.attribute == "date" || test.attribute == "modified") && !date(text)) {
        refuse(test.value.at, "'" + text + "' is not a date; write it like 2026-01-31");
    }
}

} // namespace

RuleTest read_attribute_condition(MapReader& map) {
    AttributeTest test;
    test.attribute = map.text("attribute");
    test.value = map.require("value");
    if (!test.value.is_scalar()) { refuse(test.value.at, "'value' must be a single value"); }
    test.op = static_cast<AttributeOp>(map.choice("op", {"eq", "ne", "gte", "gt", "lte", "lt", "in", "not_in"}, 0));
    check(test);
    return test;
}

} // namespace canhgac::rules
