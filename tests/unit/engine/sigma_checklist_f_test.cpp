// Group F of the Sigma checklist: structure of selections.
#include <gtest/gtest.h>

#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture
using event::ValueType;

TEST(SigmaChecklist, SIGMA_F30_MapsAndLists) {
    expect_rows(item("{a: x, b: y}"), {{{{"a", "x"}, {"b", "y"}}, true}, {{{"a", "x"}}, false}, {{{"b", "y"}}, false}});
    expect_rows(item("a: [x, y]"), {{{{"a", "x"}}, true}, {{{"a", "y"}}, true}, {{{"a", "z"}}, false}});
    const char* maps = "  s:\n    - {a: x, b: y}\n    - {c: z}\n  condition: s\n";
    expect_rows(rule_of(maps), {{{{"a", "x"}, {"b", "y"}}, true},
                                {{{"c", "z"}}, true},
                                {{{"a", "x"}}, false},
                                {{{"a", "x"}, {"c", "z"}}, true}});
    const char* mixed = "  s:\n    - word\n    - {c: z}\n  condition: s\n";
    expect_rows(rule_of(mixed), {{{{"m", "a word here"}}, true}, {{{"c", "z"}}, true}, {{{"c", "y"}}, false}});
}

TEST(SigmaChecklist, SIGMA_F31_KeywordsOverTheWholeEvent) {
    const char* keywords = "  s: [evil, 'b*d']\n  condition: s\n";
    expect_rows(rule_of(keywords), {{{{"any", "so EVIL it is"}}, true},
                                    {{{"message", "evil"}}, true},
                                    {{{"other", "x bad y"}}, true},
                                    {{{"evil", "x"}}, false},              // a name of a field
                                    {{{"host.name", "evil"}}, false},      // the envelope
                                    {{{"event.original", "evil"}}, false}, // the raw line
                                    {{{"any", "ev"}, {"other", "il"}}, false},
                                    {{null_field("any")}, false}});
    expect_rows(rule_of("  s: evil\n  condition: s\n"), {{{{"f", "evil"}}, true}, {{{"f", "good"}}, false}});
    expect_rows(rule_of("  s: [evil]\n  condition: not s\n"), {{{{"f", "evil"}}, false}, {{{"f", "good"}}, true}});
}

TEST(SigmaChecklist, SIGMA_F32_AllKeywordsEachInAnyField) {
    expect_rows(item("'|all': [one, two]"), {{{{"a", "one"}, {"b", "two"}}, true},
                                             {{{"a", "two and one"}}, true},
                                             {{{"a", "one"}}, false},
                                             {{{"a", "two"}, {"b", "two"}}, false}});
}

TEST(SigmaChecklist, SIGMA_F33_IntegerKeywords) {
    expect_rows(rule_of("  s: [200, word]\n  condition: s\n"), {{{{"f", "200", ValueType::integer}}, true},
                                                                {{{"f", "HTTP 200 OK"}}, true},
                                                                {{{"f", "20"}}, false},
                                                                {{{"f", "a word"}}, true},
                                                                {{{"200", "x"}}, false}});
    expect_rows(item("'|all': [6, x]"), {{{{"a", "6"}, {"b", "x"}}, true}, {{{"a", "6"}}, false}});
}

TEST(SigmaChecklist, SIGMA_F34_EmptyDetections) {
    expect_rejected(item("{}"), "empty map in the detection; give it an item");
    expect_rejected(rule_of("  s: []\n  condition: s\n"), "empty selection");
    expect_rejected(rule_of("  s:\n  condition: s\n"), "empty selection");
    expect_rejected(rule_of("  s: [{}]\n  condition: s\n"), "empty map in the detection");
    expect_rejected(rule_of("  condition: s\n"), "'detection' has no selection");
    expect_rejected(rule_of("  s: {a: b}\n  unused: {}\n  condition: s\n"), "empty map in the detection");
}

} // namespace
} // namespace canhgac::engine
