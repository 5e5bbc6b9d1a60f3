#include "engine/rule_cost.hpp"

#include <set>
#include <unordered_map>

#include "engine/compiled_rules.hpp"
#include "rules/print.hpp"

namespace canhgac::engine {

std::vector<RuleCost> rule_costs(const std::vector<rules::Rule>& rules, const RuleSet& set) {
    const CompiledRules& compiled = set.compiled();
    std::unordered_map<std::string, const rules::Rule*> by_id;
    for (const rules::Rule& rule : rules) {
        by_id.emplace(rule.id, &rule);
    }
    std::vector<RuleCost> costs(compiled.infos.size());
    for (std::size_t i = 0; i < costs.size(); ++i) {
        costs[i].id = compiled.infos[i].id;
        const auto rule = by_id.find(costs[i].id);
        if (rule == by_id.end()) { continue; }
        std::set<std::string> tests;
        for (const rules::Predicate& predicate : rule->second->predicates) {
            if (!tests.insert(rules::print(predicate)).second) { continue; }
            costs[i].regexes += predicate.op == rules::Op::regex ? 1U : 0U;
            costs[i].keywords += predicate.field.empty() ? 1U : 0U;
        }
        costs[i].patterns = tests.size();
    }
    for (const Group& group : compiled.groups) {
        for (const std::uint32_t rule : group.always) {
            costs[rule].always = true;
        }
    }
    for (std::size_t atom = 0; atom < compiled.triggers.size(); ++atom) {
        for (const std::uint32_t rule : compiled.triggers[atom]) {
            ++costs[rule].triggers;
        }
    }
    return costs;
}

} // namespace canhgac::engine
