#include "engine/correlation_capture.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/correlation_rule.hpp"

namespace canhgac::engine {

namespace {

struct Wanted {
    bool generates = false;
    std::vector<std::string> fields;
};

void add(std::vector<std::string>& list, std::string_view name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) { list.emplace_back(name); }
}

} // namespace

void apply_correlations(const std::vector<rules::Correlation>& correlations, event::FieldTable& fields,
                        std::vector<event::RuleInfo>& infos) {
    std::unordered_map<std::string_view, Wanted> wanted; // of rules and of correlations below others
    // What is wanted of a correlation is wanted of its rules: once more for each step of the longest chain.
    for (bool changed = true; changed;) {
        changed = false;
        for (const rules::Correlation& correlation : correlations) {
            std::vector<std::string> names = correlation.group_by;
            names.insert(names.end(), correlation.fields.begin(), correlation.fields.end());
            if (const auto above = wanted.find(correlation.id); above != wanted.end()) {
                for (const auto& name : above->second.fields) {
                    add(names, name);
                }
            }
            for (const std::string& id : correlation.rule_ids) {
                Wanted& of = wanted[id];
                const std::size_t before = of.fields.size();
                of.generates = of.generates || correlation.generate;
                for (const std::string& name : names) {
                    add(of.fields, resolve_alias(correlation, name, id));
                }
                changed = changed || of.fields.size() != before;
            }
        }
    }
    for (event::RuleInfo& info : infos) {
        const auto found = wanted.find(info.id);
        if (found == wanted.end()) { continue; }
        info.generates = found->second.generates;
        for (const auto& name : found->second.fields) {
            info.capture.push_back(fields.intern(name));
        }
    }
}

} // namespace canhgac::engine
