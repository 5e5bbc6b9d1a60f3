// Transformations that add, drop or take apart detection items.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "rules/detection.hpp"
#include "rules/pipeline/transformations.hpp"
#include "rules/pipeline/values.hpp"
#include "text/regex_finder.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// `$product`, `${product}`; `$$` is a dollar sign; any other `$` stays.
std::string filled_in(std::string_view text, const LogSource& source) {
    const std::array<std::pair<std::string_view, const std::string*>, 3> names = {
        {{"product", &source.product}, {"category", &source.category}, {"service", &source.service}}};
    const auto is_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '$') {
            out += text[i++];
            continue;
        }
        if (text.substr(i + 1).starts_with('$')) {
            out += '$';
            i += 2;
            continue;
        }
        const bool in_braces = text.substr(i + 1).starts_with('{');
        const std::size_t begin = i + (in_braces ? 2 : 1);
        std::size_t end = begin;
        while (end < text.size() && is_name(text[end])) {
            ++end;
        }
        const auto* found = std::find_if(names.begin(), names.end(), [&](const auto& name) {
            return name.first == text.substr(begin, end - begin);
        });
        const bool is_closed = !in_braces || (end < text.size() && text[end] == '}');
        if (found == names.end() || !is_closed) {
            out += text[i++];
            continue;
        }
        out += *found->second;
        i = end + (in_braces ? 1 : 0);
    }
    return out;
}

void fill_in(yaml::Node& node, const LogSource& source) {
    if (node.is_string()) { node.text = filled_in(node.text, source); }
    for (auto& item : node.items) {
        fill_in(item, source);
    }
    for (auto& entry : node.entries) {
        fill_in(entry.second, source);
    }
}

class AddCondition : public Transformation {
public:
    explicit AddCondition(MapReader& map)
        : conditions_(map.require("conditions")), name_(map.text_if("name").value_or("_added")),
          is_template_(map.flag("template", false)), is_negated_(map.flag("negated", false)) {
        if (!conditions_.is_map()) { refuse(conditions_.at, "'conditions' must be a map of fields to values"); }
        node_ = read_selection(conditions_, {}); // mistakes are found now, not with the first rule
    }

    bool apply(const PipelineItem& item, PipelineRun& run) const override {
        if (run.draft == nullptr) { return false; }
        DraftSelection selection{name_, node_, true, is_negated_};
        if (is_template_) {
            yaml::Node filled = conditions_;
            fill_in(filled, run.draft->rule.logsource);
            selection.node = read_selection(filled, {});
        }
        set_place(selection.node, run.at());
        mark(selection.node, item.id);
        run.grow(count_predicates(selection.node));
        run.draft->selections.push_back(std::move(selection));
        return true;
    }

private:
    static void mark(DraftNode& node, const std::string& id) {
        if (node.kind == DraftNode::Kind::item) { node.item.applied.insert(id); }
        for (auto& child : node.children) {
            mark(child, id);
        }
    }

    yaml::Node conditions_;
    DraftNode node_;
    std::string name_;
    bool is_template_;
    bool is_negated_;
};

class DropItem : public ItemTransformation {
protected:
    bool change(DraftNode& node, const PipelineItem& /*item*/, PipelineRun& /*run*/) const override {
        node = DraftNode{DraftNode::Kind::all, {}, {}};
        return true;
    }
};

class ItemFailure : public ItemTransformation {
public:
    explicit ItemFailure(MapReader& map) : message_(map.text("message")) {}

protected:
    bool change(DraftNode& node, const PipelineItem& item, PipelineRun& run) const override {
        run.touched(item);
        refuse(node.item.at, "refused by pipeline item '" + item.id + "': " + message_);
    }

private:
    std::string message_;
};

/// An item of one value that takes the place of another.
DraftNode item_like(const DraftItem& old, std::string field, Predicate value) {
    DraftNode node;
    node.item.field = std::move(field);
    node.item.at = old.at;
    node.item.applied = old.applied;
    node.item.former_names = old.former_names;
    node.item.former_names.push_back(old.field);
    node.item.values.push_back({{std::move(value)}, old.at});
    return node;
}

DraftNode negated_if(DraftNode node, bool is_negated) {
    if (!is_negated) { return node; }
    if (node.kind == DraftNode::Kind::item) {
        node.item.is_negated = !node.item.is_negated;
        return node;
    }
    node.kind = node.kind == DraftNode::Kind::all ? DraftNode::Kind::any : DraftNode::Kind::all;
    for (auto& child : node.children) {
        child = negated_if(std::move(child), true);
    }
    return node;
}

bool all_text(const DraftItem& item) {
    return std::all_of(item.values.begin(), item.values.end(), [](const DraftValue& value) {
        return std::all_of(value.variants.begin(), value.variants.end(),
                           [](const Predicate& variant) { return variant.op == Op::matches; });
    });
}

/// `Hashes: SHA1=...` becomes `SHA1: ...`.
class HashesFields : public ItemTransformation {
public:
    explicit HashesFields(MapReader& map)
        : algorithms_(map.texts("valid_hash_algos")), prefix_(map.text_if("field_prefix").value_or("")),
          drop_algorithm_(map.flag("drop_algo_prefix", false)) {
        for (const auto& name : algorithms_) {
            if (name != upper(name)) {
                refuse(map.node().at, "'valid_hash_algos': write '" + upper(name) + "', not '" + name + "'");
            }
        }
        if (map.take("field_to_parse") != nullptr) { fields_ = map.texts("field_to_parse"); }
        if (drop_algorithm_ && prefix_.empty()) {
            refuse(map.node().at, "'drop_algo_prefix' needs 'field_prefix': no name of a field would be left");
        }
    }

protected:
    bool change(DraftNode& node, const PipelineItem& /*item*/, PipelineRun& /*run*/) const override {
        const DraftItem& old = node.item;
        if (std::find(fields_.begin(), fields_.end(), old.field) == fields_.end() || !all_text(old)) { return false; }
        DraftNode group;
        group.kind = old.joins_all ? DraftNode::Kind::all : DraftNode::Kind::any;
        bool found = false;
        for (const auto& value : old.values) {
            for (const auto& variant : value.variants) {
                auto child = hash(old, plain_text(variant.pattern));
                found = found || child;
                group.children.push_back(child ? std::move(*child) : item_like(old, old.field, variant));
            }
        }
        if (!found) { refuse(old.at, "hashes_fields: no value is a hash of a kind that the pipeline names"); }
        node = negated_if(std::move(group), old.is_negated);
        return true;
    }

private:
    static std::string upper(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        return text;
    }

    static std::string_view without_wildcards(std::string_view text) {
        while (text.starts_with('*') || text.starts_with('?')) {
            text.remove_prefix(1);
        }
        while (text.ends_with('*') || text.ends_with('?')) {
            text.remove_suffix(1);
        }
        return text;
    }

    static std::string algorithm_of_length(std::size_t length) {
        switch (length) {
        case 32:
            return "MD5";
        case 40:
            return "SHA1";
        case 64:
            return "SHA256";
        case 128:
            return "SHA512";
        default:
            return {};
        }
    }

    /// Nothing for other kinds of hashes: they stay where they are.
    [[nodiscard]] std::optional<DraftNode> hash(const DraftItem& old, std::string_view text) const {
        const std::size_t cut = text.find_first_of("|=");
        const bool is_named = cut != std::string_view::npos;
        const std::string_view digits = without_wildcards(is_named ? text.substr(cut + 1) : text);
        const std::string algorithm =
            is_named ? upper(std::string(without_wildcards(text.substr(0, cut)))) : algorithm_of_length(digits.size());
        const bool is_known = std::find(algorithms_.begin(), algorithms_.end(), algorithm) != algorithms_.end();
        if (!is_known || digits.find_first_of("|=") != std::string_view::npos) { return std::nullopt; }
        std::string name = prefix_ + (drop_algorithm_ ? std::string() : algorithm);
        return item_like(old, name == "keyword" ? std::string() : std::move(name), text_value(digits));
    }

    std::vector<std::string> algorithms_;
    std::vector<std::string> fields_{"Hashes", "Hash"};
    std::string prefix_;
    bool drop_algorithm_;
};

/// The named groups of a regular expression become fields of their own.
class ExtractFields : public ItemTransformation {
public:
    explicit ExtractFields(MapReader& map)
        : regex_(compiled(map)), prefix_(map.text_if("field_prefix").value_or("")),
          keep_others_(map.flag("preserve_unmatched", false)) {
        if (!prefix_.empty()) { prefix_ += '.'; }
    }

protected:
    bool change(DraftNode& node, const PipelineItem& /*item*/, PipelineRun& run) const override {
        const DraftItem& old = node.item;
        if (!all_text(old)) { return false; }
        DraftNode group;
        group.kind = old.joins_all ? DraftNode::Kind::all : DraftNode::Kind::any;
        bool found = false;
        for (const auto& value : old.values) {
            for (const auto& variant : value.variants) {
                const std::string text = plain_text(variant.pattern);
                const auto match = regex_.match_start(text);
                if (match) {
                    found = true;
                    run.grow(match->size() - 1);
                    group.children.push_back(fields(old, text, *match));
                } else if (keep_others_) {
                    group.children.push_back(item_like(old, old.field, variant));
                }
            }
        }
        std::erase_if(group.children, [](const DraftNode& child) {
            return child.kind != DraftNode::Kind::item && child.children.empty();
        });
        if (!found || group.children.empty()) { return false; }
        node = negated_if(std::move(group), old.is_negated);
        return true;
    }

private:
    static text::RegexFinder compiled(MapReader& map) {
        const auto& node = map.require("regex");
        auto regex = text::RegexFinder::compile(MapReader::scalar(node, "'regex'"));
        if (!regex) { refuse(node.at, "the regular expression cannot be used: " + regex.error()); }
        if (regex->named_groups().empty()) {
            refuse(node.at, "the regular expression needs at least one named group, like (?P<name>...)");
        }
        return std::move(*regex);
    }

    /// What a captured text means: null, a number, or text when it begins with a zero or is anything else.
    static Predicate captured(std::string_view text) {
        yaml::Node node;
        node.text = std::string(text);
        node.kind = yaml::Kind::string;
        std::string small(text);
        std::transform(small.begin(), small.end(), small.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        if (small == "null" || small == "none") {
            node.kind = yaml::Kind::null;
        } else if (text == "0" || !text.starts_with('0')) {
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), node.real);
            const bool is_word = small.find_first_not_of("+-0123456789.e") != std::string::npos; // inf, nan
            if (error == std::errc{} && end == text.data() + text.size() && !is_word) { node.kind = yaml::Kind::real; }
        }
        return value_of(node);
    }

    [[nodiscard]] DraftNode fields(const DraftItem& old, std::string_view text, const text::RegexMatch& match) const {
        DraftNode all;
        all.kind = DraftNode::Kind::all;
        for (const auto& [name, number] : regex_.named_groups()) {
            const auto& span = match[number];
            if (!span || span->begin == span->end) { continue; }
            all.children.push_back(
                item_like(old, prefix_ + name, captured(text.substr(span->begin, span->end - span->begin))));
        }
        return all;
    }

    text::RegexFinder regex_;
    std::string prefix_;
    bool keep_others_;
};

} // namespace

TransformationPtr make_item_transformation(std::string_view type, MapReader& map) {
    if (type == "add_condition") { return std::make_unique<AddCondition>(map); }
    if (type == "drop_detection_item") { return std::make_unique<DropItem>(); }
    if (type == "detection_item_failure") { return std::make_unique<ItemFailure>(map); }
    if (type == "hashes_fields") { return std::make_unique<HashesFields>(map); }
    if (type == "extract_fields") { return std::make_unique<ExtractFields>(map); }
    return nullptr;
}

} // namespace canhgac::rules
