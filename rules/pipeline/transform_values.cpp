// Transformations of single values, without replace_string.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "rules/pipeline/transformations.hpp"
#include "rules/pipeline/values.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

using Values = std::vector<Predicate>;

class MapString : public ValueTransformation {
public:
    explicit MapString(MapReader& map) {
        for (auto& [from, to] : map.mapping("mapping")) {
            texts_.emplace(from, std::move(to));
        }
    }

protected:
    bool change_value(Predicate variant, const DraftValue& /*value*/, const PipelineRun& /*run*/,
                      Values& out) const override {
        const auto found = variant.op == Op::matches ? texts_.find(plain_text(variant.pattern)) : texts_.end();
        if (found == texts_.end()) {
            out.push_back(std::move(variant));
            return false;
        }
        for (const auto& text : found->second) {
            out.push_back(text_value(text));
            out.back().cased = variant.cased;
        }
        return true;
    }

private:
    std::unordered_map<std::string, std::vector<std::string>> texts_;
};

/// The number that a text is, as a whole.
std::optional<double> to_number(std::string_view text) {
    double number = 0.0;
    if (text.starts_with('+')) { text.remove_prefix(1); }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

Predicate number_value(double number) {
    Predicate value;
    value.op = Op::equal_number;
    value.number = number;
    return value;
}

class SetValue : public ValueTransformation {
public:
    explicit SetValue(MapReader& map) {
        const auto* value = map.node().find("value");
        static_cast<void>(map.take("value"));
        if (value == nullptr) { refuse(map.node().at, map.what() + " needs the key 'value'"); }
        value_ = value_of(*value);
        if (map.take("force_type") == nullptr) { return; }
        if (!value->is_scalar() || value->is_null() || value->kind == yaml::Kind::boolean) {
            refuse(value->at, "'force_type' needs a text or a number as value");
        }
        if (map.choice("force_type", {"str", "num"}, std::nullopt) == 0) {
            value_ = text_value(value->text);
            return;
        }
        const auto number = to_number(value->text);
        if (!number) { refuse(value->at, "'" + value->text + "' is not a number"); }
        value_ = number_value(*number);
    }

protected:
    bool change_value(Predicate variant, const DraftValue& /*value*/, const PipelineRun& /*run*/,
                      Values& out) const override {
        static_cast<void>(variant);
        out.push_back(value_);
        return true;
    }

private:
    Predicate value_;
};

class ConvertType : public ValueTransformation {
public:
    explicit ConvertType(MapReader& map) : to_text_(map.choice("target_type", {"str", "num"}, std::nullopt) == 0) {}

protected:
    bool change_value(Predicate variant, const DraftValue& value, const PipelineRun& /*run*/,
                      Values& out) const override {
        if (variant.op != (to_text_ ? Op::equal_number : Op::matches)) {
            out.push_back(std::move(variant));
            return false;
        }
        if (to_text_) {
            out.push_back(text_value(number_text(variant.number)));
            return true;
        }
        const std::string text = plain_text(variant.pattern);
        const auto number = to_number(text);
        if (!number) { refuse(value.at, "convert_type: '" + text + "' is not a number"); }
        out.push_back(number_value(*number));
        return true;
    }

private:
    bool to_text_;
};

/// The letters of a value; matching ignores case unless the rule says `cased`.
class ChangeCase : public ValueTransformation {
public:
    explicit ChangeCase(MapReader& map)
        : how_(static_cast<How>(map.choice("method", {"lower", "upper", "snake_case"}, 0))) {}

protected:
    bool change_value(Predicate variant, const DraftValue& /*value*/, const PipelineRun& /*run*/,
                      Values& out) const override {
        bool changed = false;
        if (variant.op == Op::matches) {
            for (auto& part : variant.pattern) {
                if (part.kind != PatternPart::Kind::literal) { continue; }
                std::string text = changed_text(part.text);
                changed = changed || text != part.text;
                part.text = std::move(text);
            }
        }
        out.push_back(std::move(variant));
        return changed;
    }

private:
    enum class How : std::uint8_t { lower, upper, snake };

    [[nodiscard]] std::string changed_text(const std::string& text) const {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            const bool is_upper = c >= 'A' && c <= 'Z';
            if (how_ == How::snake && is_upper && i > 0) { out += '_'; }
            if (how_ == How::upper) {
                out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            } else {
                out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
            }
        }
        return out;
    }

    How how_;
};

/// pySigma makes regular expressions of values for backends that cannot ignore case. Matching here ignores case by
/// itself, so two methods leave the meaning as it is; `plain` asks for exact case.
class AsRegex : public ValueTransformation {
public:
    explicit AsRegex(MapReader& map)
        : is_plain_(map.choice("method", {"plain", "ignore_case_flag", "ignore_case_brackets"}, 2) == 0) {}

protected:
    bool change_value(Predicate variant, const DraftValue& /*value*/, const PipelineRun& /*run*/,
                      Values& out) const override {
        const bool changes = is_plain_ && variant.op == Op::matches && !variant.cased && !variant.pattern.empty();
        variant.cased = variant.cased || changes;
        out.push_back(std::move(variant));
        return changes;
    }

private:
    bool is_plain_;
};

class ResolvePlaceholders : public ValueTransformation {
public:
    ResolvePlaceholders(MapReader& map, bool by_wildcard) : by_wildcard_(by_wildcard) {
        if (map.take("include") != nullptr) { include_ = map.texts("include"); }
        if (map.take("exclude") != nullptr) { exclude_ = map.texts("exclude"); }
        if (include_ && exclude_) { refuse(map.node().at, map.what() + " takes 'include' or 'exclude', not both"); }
    }

protected:
    bool change_value(Predicate variant, const DraftValue& value, const PipelineRun& run, Values& out) const override {
        std::vector<Pattern> patterns(1);
        bool changed = false;
        for (const auto& part : variant.pattern) {
            const bool is_meant = part.kind == PatternPart::Kind::placeholder && handles(part.text);
            changed = changed || is_meant;
            if (!is_meant || by_wildcard_) {
                for (auto& pattern : patterns) {
                    append_part(pattern, is_meant ? PatternPart{PatternPart::Kind::any, {}} : part);
                }
                continue;
            }
            patterns = with_values(patterns, part.text, value, run);
        }
        if (variant.op != Op::matches || !changed) {
            out.push_back(std::move(variant));
            return false;
        }
        for (auto& pattern : patterns) {
            out.push_back(variant);
            out.back().pattern = std::move(pattern);
        }
        return true;
    }

private:
    [[nodiscard]] bool handles(const std::string& name) const {
        const auto has = [&name](const auto& list) {
            return std::find(list->begin(), list->end(), name) != list->end();
        };
        if (include_) { return has(include_); }
        return !exclude_ || !has(exclude_);
    }

    static std::vector<Pattern> with_values(const std::vector<Pattern>& before, const std::string& name,
                                            const DraftValue& value, const PipelineRun& run) {
        const auto values = run.vars->find(name);
        if (values == run.vars->end()) {
            refuse(value.at, "unresolved placeholder '%" + name + "%': add it to 'vars' of a pipeline");
        }
        if (before.size() * values->second.size() > kMaxVariants) {
            refuse(value.at, "placeholder '%" + name + "%' makes too many values");
        }
        std::vector<Pattern> out;
        for (const auto& text : values->second) {
            for (const auto& pattern : before) {
                out.push_back(pattern);
                for (auto& part : parse_sigma_string(text)) {
                    append_part(out.back(), std::move(part));
                }
            }
        }
        return out;
    }

    bool by_wildcard_;
    std::optional<std::vector<std::string>> include_;
    std::optional<std::vector<std::string>> exclude_;
};

} // namespace

TransformationPtr make_value_transformation(std::string_view type, MapReader& map) {
    if (type == "map_string") { return std::make_unique<MapString>(map); }
    if (type == "set_value") { return std::make_unique<SetValue>(map); }
    if (type == "convert_type") { return std::make_unique<ConvertType>(map); }
    if (type == "case") { return std::make_unique<ChangeCase>(map); }
    if (type == "regex") { return std::make_unique<AsRegex>(map); }
    if (type == "value_placeholders") { return std::make_unique<ResolvePlaceholders>(map, false); }
    if (type == "wildcard_placeholders") { return std::make_unique<ResolvePlaceholders>(map, true); }
    return nullptr;
}

} // namespace canhgac::rules
