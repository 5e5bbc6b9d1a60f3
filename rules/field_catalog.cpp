#include "rules/field_catalog.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/ensure.hpp"
#include "common/yaml.hpp"
#include "rules/document.hpp"
#include "rules/embedded.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

FieldList read_list(const yaml::Node& node, const std::string& product, std::string_view file) {
    if (!node.is_map()) { refuse(node.at, "expected a map"); }
    FieldList list;
    list.at = {std::string(file), node.at.line};
    list.logsource.product = product;
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
        const auto& [key, value] = node.entries[i];
        if (key == "product") {
            list.logsource.product = read_text_key(node, key);
        } else if (key == "category") {
            list.logsource.category = read_text_key(node, key);
        } else if (key == "service") {
            list.logsource.service = read_text_key(node, key);
        } else if (key == "complete" && value.kind == yaml::Kind::boolean) {
            list.complete = value.boolean;
        } else if (key == "fields") {
            list.fields = read_texts_key(node, key);
        } else {
            refuse(node.key_positions[i], "unknown key '" + key + "', or not what it must be");
        }
    }
    if (list.logsource == LogSource{}) { refuse(node.at, "a list needs a product, a category or a service"); }
    if (list.fields.empty()) { refuse(node.at, "a list needs fields"); }
    return list;
}

std::vector<FieldList> read_lists(const yaml::Node& root, std::string_view file) {
    if (!root.is_map()) { refuse(root.at, "expected a map"); }
    for (std::size_t i = 0; i < root.entries.size(); ++i) {
        const std::string& key = root.entries[i].first;
        if (key != "product" && key != "lists") { refuse(root.key_positions[i], "unknown key '" + key + "'"); }
    }
    const yaml::Node* lists = root.find("lists");
    if (lists == nullptr || !lists->is_sequence()) { refuse(root.at, "expected a list 'lists'"); }
    const std::string product = read_text_key(root, "product");
    std::vector<FieldList> out;
    for (const yaml::Node& node : lists->items) {
        out.push_back(read_list(node, product, file));
    }
    return out;
}

} // namespace

common::Result<std::vector<FieldList>, LogSourceError> parse_field_lists(std::string_view file, std::string_view text) {
    const auto failed = [&](yaml::Position at, std::string message) {
        return common::fail(LogSourceError{{std::string(file), at.line}, std::move(message)});
    };
    const auto documents = yaml::parse(text);
    if (!documents) { return failed(documents.error().at, documents.error().message); }
    if (documents->size() != 1) { return failed({1, 1}, "expected one document"); }
    try {
        return read_lists(documents->front(), file);
    } catch (const Refusal& refusal) { return failed(refusal.at, refusal.reason); }
}

std::vector<FieldList> load_embedded_field_lists() {
    std::vector<FieldList> lists;
    for (const EmbeddedFile& file : embedded_files()) {
        if (!file.path.starts_with("rules/fields/")) { continue; }
        auto part = parse_field_lists(file.path, file.text);
        common::ensure(part.has_value(), "a list of fields built into the program does not parse");
        std::move(part->begin(), part->end(), std::back_inserter(lists));
    }
    return lists;
}

std::string field_key(std::string_view name) {
    std::string out(name);
    out.erase(std::remove(out.begin(), out.end(), ' '), out.end());
    return out;
}

KnownFields known_fields(const LogSource& rule, const LogSourceTable& table, const FieldCatalog& catalog) {
    KnownFields known;
    known.complete = true;
    for (const LogSourceEntry& entry : table) {
        if (!contains(rule, entry.logsource)) { continue; }
        ++known.classes;
        bool complete = false;
        for (const FieldList& list : catalog.lists) {
            if (!contains(list.logsource, entry.logsource)) { continue; }
            complete = complete || list.complete;
            for (const std::string& field : list.fields) {
                known.listed.insert(field_key(field));
            }
        }
        known.complete = known.complete && complete;
        if (rule.category.empty()) { continue; } // aliases are for rules of the category
        for (const FieldAlias& alias : entry.aliases) {
            known.listed.insert(field_key(alias.rule_field));
        }
    }
    known.complete = known.complete && known.classes > 0;
    for (const SeenFields& seen : catalog.seen) {
        if (!contains(rule, seen.logsource)) { continue; }
        known.events += seen.events;
        known.seen.insert(seen.fields.begin(), seen.fields.end());
    }
    return known;
}

} // namespace canhgac::rules
