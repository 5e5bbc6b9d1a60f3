// Group E of the Sigma checklist: other values.
#include <gtest/gtest.h>

#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture
using event::ValueType;

TEST(SigmaChecklist, SIGMA_E25_NumbersAreEqualByValue) {
    expect_rows(item("f: 4624"), {{{{"f", "4624", ValueType::integer}}, true},
                                  {{{"f", "4624"}}, true},
                                  {{{"f", "4624.0", ValueType::real}}, true},
                                  {{{"f", "4625"}}, false},
                                  {{{"f", "x4624"}}, false},
                                  {{{"f", "0x1210"}}, false}});
    expect_rows(item("f: '4624'"), {{{{"f", "4624", ValueType::integer}}, true}, {{{"f", "4625"}}, false}});
    expect_values(item("f: 1.5"), {{"1.5", true}, {"1.50", true}, {"15e-1", true}, {"1", false}, {"1,5", false}});
    expect_values(item("f: -3"), {{"-3", true}, {"3", false}});
    expect_values(item("f: 9007199254740993"),
                  {{"9007199254740993", true}, {"9007199254740992", false}}); // beyond 2^53
    expect_values(item("f: [1, '2', x]"), {{"1", true}, {"2", true}, {"X", true}, {"3", false}});
}

TEST(SigmaChecklist, SIGMA_E26_Booleans) {
    expect_rows(item("f: true"), {{{{"f", "true", ValueType::boolean}}, true},
                                  {{{"f", "True"}}, true},
                                  {{{"f", "false", ValueType::boolean}}, false},
                                  {{{"f", "1"}}, false},
                                  {{{"f", "yes"}}, false},
                                  {{{"g", "true"}}, false}});
    expect_values(item("f: false"), {{"false", true}, {"FALSE", true}, {"true", false}, {"", false}, {"0", false}});
}

TEST(SigmaChecklist, SIGMA_E27_NullIsAbsent) {
    const std::vector<Row> rows = {{{{"g", "x"}}, true},
                                   {{null_field("f")}, true},
                                   {{{"f", ""}}, false},
                                   {{{"f", "x"}}, false},
                                   {{{"f", "null"}}, false}};
    expect_rows(item("f: null"), rows);
    expect_rows(item("f:"), rows);
    expect_rows(item("f: ~"), rows);
    expect_rows(item("f: []"), rows);
    expect_rows(item("f: [x, null]"),
                {{{{"f", "x"}}, true}, {{{"g", "x"}}, true}, {{null_field("f")}, true}, {{{"f", "y"}}, false}});
    expect_rows(item_and("f: null", "not s"),
                {{{{"f", "x"}}, true}, {{{"g", "x"}}, false}, {{null_field("f")}, false}});
}

TEST(SigmaChecklist, SIGMA_E28_NullOrMapAsKeyword) {
    expect_rejected(rule_of("  s: [a, null]\n  condition: s\n"), "null cannot be a keyword");
    expect_rejected(item("'|all': [a, null]"), "null cannot be a keyword");
    expect_rejected(rule_of("  s: [[{a: b}]]\n  condition: s\n"), "a list inside a list");
    expect_rejected(rule_of("  s: [true]\n  condition: s\n"), "cannot be a keyword; write it in quotes");
    expect_rejected(item("f: {g: x}"), "a map cannot be the value of 'f'");
}

TEST(SigmaChecklist, SIGMA_E29_NumbersTakeNoTextModifier) {
    for (const char* modifier : {"contains", "startswith", "endswith", "re", "cidr", "windash", "base64", "wide"}) {
        expect_rejected(item("f|" + std::string(modifier) + ": 5"), "cannot be used on a number");
    }
    expect_values(item("f|contains: '5'"), {{"x5x", true}, {"x6x", false}});
}

} // namespace
} // namespace canhgac::engine
