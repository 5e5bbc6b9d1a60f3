// Transformations that rename fields: in detection items, in references to fields, in the rule's `fields`, in the
// grouping and aliases of correlations.
#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <unordered_map>

#include "rules/pipeline/transformations.hpp"
#include "rules/sigma_string.hpp"

namespace canhgac::rules {

namespace {

using Names = std::vector<std::string>;

bool tests_absence(const Predicate& value) {
    return value.op == Op::is_null || (value.op == Op::exists && !value.expected);
}

class FieldTransformation : public ItemTransformation {
public:
    bool apply(const PipelineItem& item, PipelineRun& run) const override {
        bool changed = false;
        if (run.draft != nullptr) {
            changed = rename_all(run.draft->rule.fields, item, run);
            changed = rename_all(run.draft->rule.entity, item, run) || changed;
        } else {
            changed = rename_correlation(item, run);
        }
        return ItemTransformation::apply(item, run) || changed;
    }

protected:
    /// The new names, at least one; nothing: not meant. `field` is empty for keywords.
    [[nodiscard]] virtual std::optional<Names> map(std::string_view field) const = 0;

    bool change(DraftNode& node, const PipelineItem& item, PipelineRun& run) const override {
        const bool referred = rename_references(node.item, item, run);
        const auto names = map(node.item.field);
        const FieldSubject subject{node.item.field, &node.item};
        if (!names || !item.field_conditions.hold(subject, run)) { return referred; }
        run.mapped_fields.insert(node.item.field);
        run.mapped_fields.insert(names->begin(), names->end());
        if (names->size() == 1 && names->front() == node.item.field) { return referred; }
        rename(node, *names, item, run);
        return true;
    }

private:
    static constexpr std::size_t kMaxFields = 10'000; ///< in a list of names

    /// A name outside detection items.
    std::optional<Names> rename_one(const std::string& field, const PipelineItem& item, PipelineRun& run) const {
        auto names = field.empty() ? std::nullopt : map(field);
        if (!names || !item.field_conditions.hold(FieldSubject{field}, run)) { return std::nullopt; }
        if (names->size() == 1 && names->front() == field) { return std::nullopt; }
        auto ids = run.field_applied[field];
        ids.insert(item.id);
        run.field_applied.erase(field);
        for (const auto& name : *names) {
            run.field_applied[name] = ids;
        }
        return names;
    }

    bool rename_all(std::vector<std::string>& fields, const PipelineItem& item, PipelineRun& run) const {
        bool changed = false;
        Names out;
        for (auto& field : fields) {
            if (const auto names = rename_one(field, item, run)) {
                out.insert(out.end(), names->begin(), names->end());
                changed = true;
                if (out.size() > kMaxFields) { refuse(run.at(), "the pipelines give the rule too many fields"); }
            } else {
                out.push_back(std::move(field));
            }
        }
        fields = std::move(out);
        return changed;
    }

    bool rename_correlation(const PipelineItem& item, PipelineRun& run) const {
        Correlation& correlation = *run.correlation;
        bool changed = false;
        const auto rename = [&](std::string& field, const char* where) {
            const auto names = rename_one(field, item, run);
            if (!names) { return; }
            if (names->size() > 1) {
                refuse(run.at(), "pipeline item '" + item.id + "' maps '" + field + "' to several fields, but " +
                                     where +
                                     " of a correlation needs one; map it to one name, or exclude correlations with "
                                     "the rule condition is_sigma_rule");
            }
            field = names->front();
            changed = true;
        };
        const auto is_alias = [&correlation](const std::string& name) {
            return std::any_of(correlation.aliases.begin(), correlation.aliases.end(),
                               [&name](const auto& alias) { return alias.first == name; });
        };
        for (auto& alias : correlation.aliases) {
            for (auto& [rule, field] : alias.second) {
                rename(field, "an alias");
            }
        }
        for (auto& field : correlation.group_by) {
            if (!is_alias(field)) { rename(field, "'group-by'"); }
        }
        for (auto& field : correlation.fields) {
            rename(field, "the condition");
        }
        return rename_all(correlation.entity, item, run) || changed;
    }

    bool rename_references(DraftItem& target, const PipelineItem& item, PipelineRun& run) const {
        bool changed = false;
        for (auto& value : target.values) {
            std::vector<Predicate> variants;
            for (auto& variant : value.variants) {
                const auto names = variant.other_field.empty() ? std::nullopt : map(variant.other_field);
                if (!names || !item.field_conditions.hold(FieldSubject{variant.other_field}, run)) {
                    variants.push_back(std::move(variant));
                    continue;
                }
                changed = changed || names->size() > 1 || names->front() != variant.other_field;
                run.grow(names->size() - 1);
                for (const auto& name : *names) {
                    variants.push_back(variant);
                    variants.back().other_field = name;
                }
            }
            value.variants = std::move(variants);
        }
        return changed;
    }

    static void rename(DraftNode& node, const Names& names, const PipelineItem& item, PipelineRun& run) {
        DraftItem& old = node.item;
        for (const auto& name : names) {
            const bool is_back =
                std::find(old.former_names.begin(), old.former_names.end(), name) != old.former_names.end();
            if (is_back) {
                run.warn(item, "the pipelines loop: field '" + old.field + "' is mapped back to '" + name +
                                   "', which it was before");
            }
        }
        if (old.field.empty()) { widen_keywords(old); }
        old.former_names.push_back(old.field);
        if (names.size() == 1) {
            old.field = names.front();
            return;
        }
        run.grow(count_predicates(node) * (names.size() - 1));
        node = split(std::move(old), names);
    }

    /// A keyword is looked for inside values; in one field that is `contains`.
    static void widen_keywords(DraftItem& item) {
        for (auto& value : item.values) {
            for (auto& variant : value.variants) {
                if (variant.op != Op::matches) { continue; }
                add_leading_any(variant.pattern);
                add_trailing_any(variant.pattern);
            }
        }
    }

    /// One field becomes several: the item holds when it holds of any of them, but "absent" means absent under every
    /// name, and a negated item that no name has the value.
    static DraftNode split(DraftItem item, const Names& names) {
        DraftItem absence = item;
        const auto keep = [](DraftItem& of, bool wanted) {
            std::erase_if(of.values, [wanted](const DraftValue& value) {
                return std::all_of(value.variants.begin(), value.variants.end(), tests_absence) != wanted;
            });
        };
        if (!item.joins_all) { // of `x and absent` nothing can be made apart
            keep(absence, true);
            keep(item, false);
        } else {
            absence.values.clear();
        }
        std::vector<DraftNode> parts;
        if (!item.values.empty()) { parts.push_back(for_each_name(item, names, item.is_negated)); }
        if (!absence.values.empty()) { parts.push_back(for_each_name(absence, names, !absence.is_negated)); }
        if (parts.size() == 1) { return std::move(parts.front()); }
        DraftNode both;
        both.kind = item.is_negated ? DraftNode::Kind::all : DraftNode::Kind::any;
        both.children = std::move(parts);
        return both;
    }

    static DraftNode for_each_name(const DraftItem& item, const Names& names, bool all) {
        DraftNode group;
        group.kind = all ? DraftNode::Kind::all : DraftNode::Kind::any;
        for (const auto& name : names) {
            DraftNode child;
            child.item = item;
            child.item.field = name;
            group.children.push_back(std::move(child));
        }
        return group;
    }
};

void refuse_empty_names(const MapReader& map, const Names& names) {
    if (std::find(names.begin(), names.end(), std::string()) == names.end()) { return; }
    refuse(map.node().at, map.what() + ": a field cannot become a field without a name; drop_detection_item drops it");
}

/// `null` and `~` as the name of a field stand for keywords.
std::string source_name(const std::string& key) {
    return key == "null" || key == "~" ? std::string() : key;
}

class MapNames : public FieldTransformation {
public:
    explicit MapNames(MapReader& map) {
        for (auto& [from, to] : map.mapping("mapping")) {
            refuse_empty_names(map, to);
            names_.emplace(source_name(from), std::move(to));
        }
    }

protected:
    [[nodiscard]] std::optional<Names> map(std::string_view field) const override {
        const auto found = names_.find(std::string(field));
        if (found == names_.end()) { return std::nullopt; }
        return found->second;
    }

private:
    std::unordered_map<std::string, Names> names_;
};

class MapPrefixes : public FieldTransformation {
public:
    explicit MapPrefixes(MapReader& map) : prefixes_(map.mapping("mapping")) {}

protected:
    [[nodiscard]] std::optional<Names> map(std::string_view field) const override {
        if (field.empty()) { return std::nullopt; }
        for (const auto& [from, to] : prefixes_) {                       // the first that fits, in the order written
            if (!field.starts_with(from) || field == from) { continue; } // a name must be left
            Names names;
            for (const auto& prefix : to) {
                names.push_back(prefix + std::string(field.substr(from.size())));
            }
            return names;
        }
        return std::nullopt;
    }

private:
    std::vector<std::pair<std::string, Names>> prefixes_;
};

class AddAffix : public FieldTransformation {
public:
    AddAffix(std::string prefix, std::string suffix) : prefix_(std::move(prefix)), suffix_(std::move(suffix)) {}

protected:
    [[nodiscard]] std::optional<Names> map(std::string_view field) const override {
        if (field.empty()) { return std::nullopt; }
        return Names{prefix_ + std::string(field) + suffix_};
    }

private:
    std::string prefix_;
    std::string suffix_;
};

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
char to_lower(char c) {
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
char to_upper(char c) {
    return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

/// Words begin where a capital follows a small letter or digit, at the last capital before a small letter, and after
/// any of ` _-.`: "ParentCommandLine", "c-uri", "DNSName".
Names words_of(std::string_view name) {
    Names words(1);
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (c == ' ' || c == '_' || c == '-' || c == '.') {
            words.emplace_back();
            continue;
        }
        const bool after_small = i > 0 && !is_upper(name[i - 1]);
        const bool before_small = i + 1 < name.size() && is_lower(name[i + 1]);
        if (is_upper(c) && (after_small || before_small)) { words.emplace_back(); }
        words.back() += c;
    }
    std::erase(words, std::string());
    return words;
}

std::string joined(const Names& words, std::string_view between, bool capitals) {
    std::string out;
    for (const auto& word : words) {
        if (!out.empty()) { out += between; }
        const std::size_t start = out.size();
        std::transform(word.begin(), word.end(), std::back_inserter(out), to_lower);
        if (capitals) { out[start] = to_upper(out[start]); }
    }
    return out;
}

std::string lower_name(std::string_view name) {
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}
std::string upper_name(std::string_view name) {
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(), to_upper);
    return out;
}
std::string title_name(std::string_view name) {
    return joined(words_of(name), "", true);
}
std::string snake_name(std::string_view name) {
    return joined(words_of(name), "_", false);
}
std::string camel_name(std::string_view name) {
    std::string out = title_name(name);
    if (!out.empty()) { out.front() = to_lower(out.front()); }
    return out;
}

using NameFunction = std::string (*)(std::string_view);

class TransformNames : public FieldTransformation {
public:
    explicit TransformNames(MapReader& map) {
        static constexpr std::array<NameFunction, 5> kFunctions = {lower_name, upper_name, title_name, snake_name,
                                                                   camel_name};
        function_ = kFunctions[map.choice("transform_func", {"lower", "upper", "title", "snake_case", "camel_case"},
                                          std::nullopt)];
        if (map.take("mapping") == nullptr) { return; }
        for (auto& [from, to] : map.mapping("mapping")) {
            refuse_empty_names(map, to);
            names_.emplace(source_name(from), std::move(to));
        }
    }

protected:
    [[nodiscard]] std::optional<Names> map(std::string_view field) const override {
        if (const auto found = names_.find(std::string(field)); found != names_.end()) { return found->second; }
        if (field.empty()) { return std::nullopt; }
        std::string name = function_(field);
        return name.empty() ? std::nullopt : std::optional(Names{std::move(name)});
    }

private:
    NameFunction function_ = nullptr;
    std::unordered_map<std::string, Names> names_;
};

} // namespace

TransformationPtr make_field_transformation(std::string_view type, MapReader& map) {
    if (type == "field_name_mapping") { return std::make_unique<MapNames>(map); }
    if (type == "field_name_prefix_mapping") { return std::make_unique<MapPrefixes>(map); }
    if (type == "field_name_prefix") { return std::make_unique<AddAffix>(map.text("prefix"), std::string()); }
    if (type == "field_name_suffix") { return std::make_unique<AddAffix>(std::string(), map.text("suffix")); }
    if (type == "field_name_transform") { return std::make_unique<TransformNames>(map); }
    return nullptr;
}

} // namespace canhgac::rules
