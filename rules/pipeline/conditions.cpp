#include "rules/pipeline/conditions.hpp"

#include <algorithm>
#include <memory>

#include "rules/pipeline/values.hpp"
#include "text/regex_finder.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

Comparison read_comparison(MapReader& map) {
    return static_cast<Comparison>(map.choice("op", {"eq", "ne", "gte", "gt", "lte", "lt"}, 0));
}

/// `processing_state` of all three kinds: what set_state wrote.
std::function<bool(const PipelineRun&)> read_state(MapReader& map) {
    return [key = map.text("key"), value = map.require("val"), how = read_comparison(map)](const PipelineRun& run) {
        const auto found = run.state.find(key);
        return found != run.state.end() && compares(found->second, how, value);
    };
}

std::shared_ptr<const text::RegexFinder> read_regex(const std::string& pattern, yaml::Position at) {
    auto regex = text::RegexFinder::compile(pattern);
    if (!regex) { refuse(at, "the regular expression '" + pattern + "' cannot be used: " + regex.error()); }
    return std::make_shared<const text::RegexFinder>(std::move(*regex));
}

/// Values of a detection item: any or all of them; of a value with variants, any.
template <typename Test>
ItemTest value_test(MapReader& map, Test test) {
    const bool is_any = map.choice("cond", {"any", "all"}, std::nullopt) == 0;
    return [is_any, test = std::move(test)](const DraftItem& item, const PipelineRun& /*run*/) {
        const auto holds = [&test](const DraftValue& value) {
            return std::any_of(value.variants.begin(), value.variants.end(), test);
        };
        return is_any ? std::any_of(item.values.begin(), item.values.end(), holds)
                      : std::all_of(item.values.begin(), item.values.end(), holds);
    };
}

ItemTest read_match_string(MapReader& map) {
    const auto& pattern = map.require("pattern");
    const bool negate = map.flag("negate", false);
    auto regex = read_regex(MapReader::scalar(pattern, "'pattern'"), pattern.at);
    return value_test(map, [regex = std::move(regex), negate](const Predicate& value) {
        const bool found = value.op == Op::matches && regex->match_start(plain_text(value.pattern)).has_value();
        return found != negate;
    });
}

/// The same kind of value and the same value; texts as written, case matters.
bool same_value(const Predicate& left, const Predicate& right) {
    return left.op == right.op && left.pattern == right.pattern && left.number == right.number &&
           left.expected == right.expected;
}

FieldTest read_include(MapReader& map, bool wanted) {
    const auto& fields = map.require("fields");
    auto names = MapReader::scalars(fields, "'fields'");
    if (map.choice("mode", {"plain", "re"}, 0) == 0) {
        return [names = std::move(names), wanted](const FieldSubject& subject, const PipelineRun& /*run*/) {
            const bool found =
                !subject.field.empty() && std::find(names.begin(), names.end(), subject.field) != names.end();
            return found == wanted;
        };
    }
    std::vector<std::shared_ptr<const text::RegexFinder>> patterns;
    patterns.reserve(names.size());
    for (const auto& name : names) {
        patterns.push_back(read_regex(name, fields.at));
    }
    return [patterns = std::move(patterns), wanted](const FieldSubject& subject, const PipelineRun& /*run*/) {
        const bool found =
            !subject.field.empty() && std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
                return pattern->match_start(subject.field).has_value();
            });
        return found == wanted;
    };
}

RuleTest read_logsource_condition(MapReader& map) {
    LogSource wanted{map.text_if("product").value_or(""), map.text_if("category").value_or(""),
                     map.text_if("service").value_or("")};
    if (wanted == LogSource{}) {
        refuse(map.node().at, "a logsource condition needs a product, a category or a service");
    }
    return [wanted](const PipelineRun& run) {
        const auto inside = [&wanted](const LogSource& source) {
            return (wanted.product.empty() || wanted.product == source.product) &&
                   (wanted.category.empty() || wanted.category == source.category) &&
                   (wanted.service.empty() || wanted.service == source.service);
        };
        if (run.draft != nullptr) { return inside(run.draft->rule.logsource); }
        return std::any_of(run.sources.begin(), run.sources.end(), inside);
    };
}

/// Whether some detection item of the rule passes; never of a correlation.
RuleTest item_of_rule(std::function<bool(const DraftItem&)> test) {
    return [test = std::move(test)](const PipelineRun& run) {
        return run.draft != nullptr &&
               std::any_of(run.draft->selections.begin(), run.draft->selections.end(),
                           [&](const DraftSelection& selection) { return any_item(selection.node, test); });
    };
}

} // namespace

ItemTest read_item_condition(std::string_view type, MapReader& map) {
    if (type == "match_string") { return read_match_string(map); }
    if (type == "match_value") {
        return value_test(map, [wanted = value_of(map.require("value"))](const Predicate& value) {
            return same_value(value, wanted);
        });
    }
    if (type == "contains_wildcard") {
        return value_test(map, [](const Predicate& value) {
            return value.op == Op::matches &&
                   std::any_of(value.pattern.begin(), value.pattern.end(), [](const PatternPart& part) {
                       return part.kind == PatternPart::Kind::any || part.kind == PatternPart::Kind::one;
                   });
        });
    }
    if (type == "is_null") {
        return value_test(map, [](const Predicate& value) { return value.op == Op::is_null; });
    }
    if (type == "processing_item_applied") {
        return [id = map.text("processing_item_id")](const DraftItem& item, const PipelineRun& /*run*/) {
            return item.applied.contains(id);
        };
    }
    if (type == "processing_state") {
        return [holds = read_state(map)](const DraftItem& /*item*/, const PipelineRun& run) { return holds(run); };
    }
    refuse(map.require("type").at,
           "unknown detection item condition '" + std::string(type) +
               "'; known are: match_string, match_value, contains_wildcard, is_null, processing_item_applied, "
               "processing_state");
}

FieldTest read_field_condition(std::string_view type, MapReader& map) {
    if (type == "include_fields") { return read_include(map, true); }
    if (type == "exclude_fields") { return read_include(map, false); }
    if (type == "processing_item_applied") {
        return [id = map.text("processing_item_id")](const FieldSubject& subject, const PipelineRun& run) {
            if (subject.item != nullptr) { return subject.item->applied.contains(id); }
            const auto found = run.field_applied.find(subject.field);
            return found != run.field_applied.end() && found->second.contains(id);
        };
    }
    if (type == "processing_state") {
        return
            [holds = read_state(map)](const FieldSubject& /*subject*/, const PipelineRun& run) { return holds(run); };
    }
    refuse(map.require("type").at, "unknown field name condition '" + std::string(type) +
                                       "'; known are: include_fields, exclude_fields, processing_item_applied, "
                                       "processing_state");
}

RuleTest read_rule_condition(std::string_view type, MapReader& map) {
    if (type == "logsource") { return read_logsource_condition(map); }
    if (type == "contains_field") {
        return item_of_rule([field = map.text("field")](const DraftItem& item) { return item.field == field; });
    }
    if (type == "contains_detection_item") {
        return item_of_rule([field = map.text("field"), wanted = value_of(map.require("value"))](const auto& item) {
            const auto same = [&](const Predicate& value) { return same_value(value, wanted); };
            return item.field == field && std::any_of(item.values.begin(), item.values.end(), [&](const auto& value) {
                       return std::any_of(value.variants.begin(), value.variants.end(), same);
                   });
        });
    }
    if (type == "processing_item_applied") {
        return [id = map.text("processing_item_id")](const PipelineRun& run) { return run.applied.contains(id); };
    }
    if (type == "processing_state") { return read_state(map); }
    if (type == "is_sigma_rule") {
        return [](const PipelineRun& run) { return run.draft != nullptr; };
    }
    if (type == "is_sigma_correlation_rule") {
        return [](const PipelineRun& run) { return run.correlation != nullptr; };
    }
    if (type == "tag") {
        return [tag = map.text("tag")](const PipelineRun& run) {
            const auto& tags = run.draft != nullptr ? run.draft->rule.tags : run.correlation->tags;
            return std::find(tags.begin(), tags.end(), tag) != tags.end();
        };
    }
    if (type == "rule_attribute") { return read_attribute_condition(map); }
    refuse(map.require("type").at,
           "unknown rule condition '" + std::string(type) +
               "'; known are: logsource, contains_field, contains_detection_item, processing_item_applied, "
               "processing_state, is_sigma_rule, is_sigma_correlation_rule, rule_attribute, tag");
}

} // namespace canhgac::rules
