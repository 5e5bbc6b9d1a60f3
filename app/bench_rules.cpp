#include "app/bench_rules.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace canhgac::app {

namespace {

/// Letters and digits move on by `by` places within their kind; everything else (paths, marks, other scripts) stays.
void turn(std::string& text, unsigned by) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>('a' + (static_cast<unsigned>(c - 'a') + by) % 26U);
        } else if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>('A' + (static_cast<unsigned>(c - 'A') + by) % 26U);
        } else if (c >= '0' && c <= '9') {
            c = static_cast<char>('0' + (static_cast<unsigned>(c - '0') + by) % 10U);
        }
    }
}

} // namespace

void multiply_rules(std::vector<rules::Rule>& rules, unsigned copies) {
    const std::size_t originals = rules.size();
    rules.reserve(originals * copies);
    for (unsigned copy = 1; copy < copies; ++copy) {
        for (std::size_t i = 0; i < originals; ++i) {
            rules::Rule rule = rules[i];
            rule.id += "-copy-" + std::to_string(copy);
            rule.name.clear();
            for (rules::Predicate& predicate : rule.predicates) {
                for (rules::PatternPart& part : predicate.pattern) {
                    if (part.kind == rules::PatternPart::Kind::literal) { turn(part.text, copy); }
                }
            }
            rules.push_back(std::move(rule));
        }
    }
}

} // namespace canhgac::app
