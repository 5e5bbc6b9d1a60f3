#include "rules/lint.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "rules/embedded.hpp"

namespace canhgac::rules {
namespace {

/// A rule that no check objects to; tests change one line of it.
constexpr std::string_view kGood = R"(title: Shell Started by a Web Server
id: 0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c11
status: experimental
description: A web server process started a command line.
author: A. Nguyen
date: 2026-11-20
modified: 2026-11-21
tags:
    - attack.persistence
    - attack.t1505.003
    - cve.2021-44228
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        ParentImage|endswith: '\w3wp.exe'
        Image|endswith: '\cmd.exe'
    filter:
        CommandLine|contains: 'healthcheck'
    condition: selection and not filter
falsepositives:
    - Applications that call command line tools
level: high
)";

constexpr common::Nanos kToday = 1'795'309'200 * common::kSecond; // 2026-11-22

LintContext context() {
    LintContext out;
    out.logsources = load_embedded_logsources();
    out.fields.lists = load_embedded_field_lists();
    out.now = kToday;
    return out;
}

std::vector<LintFinding> lint(const std::vector<std::string>& texts, LintContext with = context()) {
    Linter linter(std::move(with));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        linter.add_text("r" + std::to_string(i) + ".yml", texts[i]);
    }
    return linter.finish();
}

/// kGood with `from` replaced by `to`.
std::string with(std::string_view from, std::string_view to) {
    std::string text(kGood);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// "line:column check" of each finding, joined.
std::string shown(const std::vector<LintFinding>& findings) {
    std::string out;
    for (const LintFinding& f : findings) {
        out += std::to_string(f.line) + ":" + std::to_string(f.column) + " " + std::string(f.check) + "\n";
    }
    return out;
}

struct Case {
    const char* from;
    const char* to;
    const char* want; ///< "line:column check" lines
};

class LintCase : public testing::TestWithParam<Case> {};

TEST_P(LintCase, TripsExactlyItsCheck) {
    const Case& one = GetParam();
    EXPECT_EQ(shown(lint({with(one.from, one.to)})), one.want) << one.from << " -> " << one.to;
}

constexpr const char* kPair = "        Image|endswith: '\\cmd.exe'\n";
constexpr const char* kFilter = "        CommandLine|contains: 'healthcheck'\n";
constexpr const char* kFilterMap = "    filter:\n        CommandLine|contains: 'healthcheck'\n";

INSTANTIATE_TEST_SUITE_P(
    Head, LintCase,
    testing::Values(
        Case{"title: Shell Started by a Web Server", "title: Shell Started.", "1:8 title\n"},
        Case{"title: Shell", "title: Detects Shell", "1:8 title\n"},
        Case{"id: 0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c11\n", "", "1:1 id\n"},
        Case{"id: 0f1d7a6e-", "id: xf1d7a6e-", "2:5 id\n"}, Case{"status: experimental\n", "", "1:1 status\n"},
        Case{"status: experimental", "status: beta", "3:9 rejected\n3:9 status\n"},
        Case{"level: high\n", "", "1:1 level\n"}, Case{"author: A. Nguyen\n", "", "1:1 author\n"},
        Case{"description: A web server process started a command line.\n", "", "1:1 description\n"},
        Case{"date: 2026-11-20\n", "", "1:1 date\n"}, Case{"date: 2026-11-20", "date: 2026/11/20", "6:7 date\n"},
        Case{"date: 2026-11-20", "date: 2026-02-30", "6:7 rejected\n6:7 date\n"},
        Case{"date: 2026-11-20\nmodified: 2026-11-21\n", "date: 2027-01-01\n", "6:7 date\n"},
        Case{"modified: 2026-11-21", "modified: 2026-11-19", "7:11 date\n"},
        Case{"falsepositives:\n    - Applications that call command line tools\n", "", "1:1 falsepositives\n"},
        Case{"author:", "autor:", "1:1 author\n5:1 unknown-key\n"},
        Case{"level: high\n", "level: high\ncanhgac: {lint: {allow: [nonsense]}}\n", "25:17 unknown-check\n"},
        Case{"level: high\n", "level: high\ncanhgac: {lint: {allow: [author]}}\n", "25:17 unused-allow\n"}));

INSTANTIATE_TEST_SUITE_P(
    Tags, LintCase,
    testing::Values(
        Case{"tags:\n    - attack.persistence\n    - attack.t1505.003\n    - cve.2021-44228\n", "", "1:1 tags\n"},
        Case{"attack.persistence", "attack.persistance", "9:7 attack-tactic\n"},
        Case{"attack.persistence", "attack.command_and_control", "9:7 attack-tactic\n"},
        Case{"attack.persistence", "attack.command-and-control", ""}, Case{"attack.persistence", "attack.stealth", ""},
        Case{"attack.t1505.003", "attack.t1505.03", "9:5 attack-technique\n10:7 attack-tactic\n"},
        Case{"    - attack.t1505.003\n", "", "9:5 attack-technique\n"},
        Case{"attack.persistence", "attack.t1505.003", "10:7 tag\n"},
        Case{"attack.persistence", "Attack.Persistence", "9:7 tag\n"}, Case{"cve.2021", "cve.21", "11:7 tag\n"},
        Case{"cve.2021-44228", "ours.thing", "11:7 tag\n"}, Case{"cve.2021-44228", "tlp.purple", "11:7 tag\n"},
        Case{"cve.2021-44228", "tlp.amber", ""}, Case{"cve.2021-44228", "detection.dfir", ""},
        Case{"cve.2021-44228", "detection.apt", "11:7 tag\n"}, Case{"cve.2021-44228", "attack.g0016", ""}));

INSTANTIATE_TEST_SUITE_P(
    Values, LintCase,
    testing::Values(
        Case{"'healthcheck'", "'*'", "20:31 match-everything\n"},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine: '*'", "20:22 match-everything\n"},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine|re: '.*'", "20:25 match-everything\n"},
        Case{"'healthcheck'", "'ab'", "20:31 short-pattern\n"}, Case{"'healthcheck'", "'é'", "20:31 short-pattern\n"},
        Case{"'healthcheck'", "'\xF0\x9F\xA6\x86'", ""}, // one character, and rare
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine|contains|all: ['a', 'b']", ""},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine: '*healthcheck*'", "20:22 modifier-for-wildcard\n"},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine: '*health*check'", ""},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine|re: '.*healthcheck'", "20:25 regex-any\n"},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine|re: '[a-z]+=[0-9]+'", "20:25 regex-text\n"},
        Case{"CommandLine|contains: 'healthcheck'", "CommandLine|re: 'health[a-z]+ [0-9]+'", ""},
        Case{kFilterMap, "    filter: ['error', 'KRB_AP_ERR']\n", "19:14 keyword\n"},
        Case{kFilterMap, "    filter: [no]\n", "19:14 keyword\n"},
        Case{kFilterMap, "    filter: {'|all': ['error', 'KRB_AP_ERR']}\n", ""},
        Case{kFilterMap, "    filter: ['*']\n", "19:14 match-everything\n"}));

INSTANTIATE_TEST_SUITE_P(
    Logic, LintCase,
    testing::Values(Case{"selection and not filter", "selection", "19:5 unused-selection\n"},
                    Case{"selection and not filter", "all of selection* and not 1 of filter*", ""},
                    Case{"selection and not filter", "1 of them", ""},
                    Case{"        ParentImage|endswith: '\\w3wp.exe'\n        Image|endswith: '\\cmd.exe'\n",
                         "        Image|endswith: 'e'\n", "20:16 common-trigger\n"},
                    Case{"        ParentImage|endswith: '\\w3wp.exe'\n        Image|endswith: '\\cmd.exe'\n",
                         "        Image|exists: true\n", "20:16 common-trigger\n"}));

INSTANTIATE_TEST_SUITE_P(
    Fields, LintCase,
    testing::Values(
        Case{kPair, "        Imphash: 'F00D'\n", "18:9 dead-field\n"},
        Case{kPair, "        image|endswith: '\\cmd.exe'\n", "18:9 field-case\n"},
        Case{kPair, "        Parent Image|endswith: '\\cmd.exe'\n", ""}, // blanks do not count
        Case{kPair, "        host.name: 'DC01'\n", ""},
        Case{kPair, "        NewProcessName|endswith: '\\cmd.exe'\n", ""},
        Case{kFilter, "        CommandLine|fieldref: Nonsense\n", "20:31 dead-field\n"},
        Case{"    category: process_creation\n", "    service: security\n", ""}, // an open list: nobody can tell
        Case{"    product: windows\n    category: process_creation\n", "    product: qnx\n", "13:5 dead-logsource\n"}));

TEST(Lint, AGoodRuleHasNoFinding) {
    EXPECT_EQ(shown(lint({std::string(kGood)})), "");
}

TEST(Lint, EveryCheckIsNamedOnceInOrderAndSaysWhatItIs) {
    std::string_view before;
    for (const LintCheck& check : lint_checks()) {
        EXPECT_LT(before, check.name);
        EXPECT_FALSE(check.what.empty());
        EXPECT_EQ(lint_check(check.name), &check);
        before = check.name;
    }
    EXPECT_EQ(lint_check("nonsense"), nullptr);
}

TEST(Lint, FindsRulesOfEqualLogicAndTitle) {
    const std::string other = R"(title: Another Title
id: 0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c12
status: test
description: The same in other words.
author: B
date: 2026-11-20
tags: [attack.t1505.003]
logsource: {category: process_creation, product: windows}
detection:
    b: {Image|endswith: '\cmd.exe'}
    a: {ParentImage|endswith: ['\w3wp.exe', '\w3wp.exe']}
    c: {CommandLine|contains: 'healthcheck'}
    condition: not (c or not (a and b))
falsepositives: [none known]
level: high
)";
    const auto findings = lint({std::string(kGood), other});
    ASSERT_EQ(shown(findings), "10:5 duplicate-logic\n");
    EXPECT_EQ(findings[0].file, "r1.yml");
    EXPECT_NE(findings[0].message.find("r0.yml:1"), std::string::npos) << findings[0].message;

    std::string differs = other;
    differs.replace(differs.find("healthcheck"), 11, "healthCheck2");
    EXPECT_EQ(shown(lint({std::string(kGood), differs})), "");
    differs.replace(differs.find("Another Title"), 13, "Shell Started by a Web Server");
    EXPECT_EQ(shown(lint({std::string(kGood), differs})), "1:8 duplicate-title\n");
}

TEST(Lint, AnAllowedCheckIsSilentInItsDocumentOnly) {
    const std::string bad = with("author: A. Nguyen\n", "");
    std::string allowed = bad + "canhgac: {lint: {allow: [author]}}\n";
    EXPECT_EQ(shown(lint({allowed})), "");
    allowed.replace(allowed.find("Shell Started"), 5, "Other");
    allowed.replace(allowed.find("6a3c11"), 6, "6a3c13");
    allowed.replace(allowed.find("cmd.exe"), 7, "sh.exe");
    EXPECT_EQ(shown(lint({allowed, bad})), "1:1 author\n");
}

TEST(Lint, ARejectedDocumentIsAnErrorThatNothingAllows) {
    const auto findings =
        lint({with("selection and not filter", "selection and") + "canhgac: {lint: {allow: [rejected]}}\n"});
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].check, "rejected");
    EXPECT_EQ(findings[0].severity, LintSeverity::error);
    EXPECT_EQ(lint({"title: [\n"}).at(0).check, "rejected");
}

TEST(Lint, AllowMustBeWellFormed) {
    const auto findings = lint({std::string(kGood) + "canhgac: {lint: [author]}\n"});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(to_string(findings[0]),
              "r0.yml:25:17: error: 'lint' in 'canhgac' must be {allow: [check, ...]} [rejected]");
}

TEST(Lint, BaseRulesOfACorrelationNeedNoFalsePositives) {
    const std::string text = "name: base\n" +
                             with("falsepositives:\n    - Applications that call command line tools\n", "") +
                             R"(---
title: Many
id: 0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c19
status: experimental
description: Many of them.
author: A
date: 2026-11-20
tags: [attack.t1505.003]
correlation: {type: event_count, rules: [base], group-by: [Computer], timespan: 5m, condition: {gte: 3}}
level: high
)";
    EXPECT_EQ(shown(lint({text})), "25:1 falsepositives\n"); // the correlation's own
}

TEST(Lint, RecordedEventsSettleWhatListsLeaveOpen) {
    const std::string rule = with("    category: process_creation\n", "    service: security\n");
    LintContext seen = context();
    seen.fields.seen = {{{"windows", "", "security"}, 5, {"EventID", "Image", "parentimage"}}};
    EXPECT_EQ(shown(lint({rule}, seen)), "17:9 field-case\n");
    seen.fields.seen = {{{"windows", "", "security"}, 5, {"EventID", "Image"}}};
    const auto findings = lint({rule}, seen);
    ASSERT_EQ(shown(findings), "17:9 unseen-field\n");
    EXPECT_NE(findings[0].message.find("none of 5 recorded events"), std::string::npos) << findings[0].message;
    // what was seen is alive, whatever the list says
    seen.fields.seen = {{{"windows", "process_creation", "sysmon"}, 5, {"Imphash"}}};
    EXPECT_EQ(shown(lint({with(kPair, "        Imphash: 'F00D'\n")}, seen)), "");
}

TEST(Lint, AnExceptionPastItsDateIsTold) {
    const auto filter = [](const std::string& until) {
        return "title: Backup host\nid: 0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c21\nlogsource: {product: windows}\n"
               "filter:\n    rules: any\n    s: {Computer: B1}\n    condition: not s\ncanhgac: {until: " +
               until + "}\n";
    };
    const auto has = [](const std::vector<LintFinding>& findings) {
        std::set<std::string_view> checks;
        for (const auto& finding : findings) {
            checks.insert(finding.check);
        }
        return checks.contains("expired-exception");
    };
    EXPECT_TRUE(has(lint({filter("2026-11-21")})));
    EXPECT_FALSE(has(lint({filter("2026-11-22")}))); // the day named is the last one
    EXPECT_TRUE(has(lint({filter("'2026-11-22T00:30:00Z'")})));
}

TEST(Lint, ReportPlacesTheCallersFindingAtTheCondition) {
    Linter linter(context());
    linter.add_text("a.yml", kGood);
    ASSERT_EQ(linter.read().rules.size(), 1U);
    linter.report("0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c11", "no-trigger", "told");
    linter.report("unknown", "no-trigger", "dropped");
    const auto findings = linter.finish();
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(to_string(findings[0]), "a.yml:21:16: warning: told [no-trigger]");
}

TEST(FieldCatalog, SaysWhereAMistakeIs) {
    const auto error = [](std::string_view text) {
        const auto lists = parse_field_lists("f.yaml", text);
        return lists ? std::string("accepted") : std::to_string(lists.error().at.line) + " " + lists.error().message;
    };
    EXPECT_EQ(error("lists:\n  - fields: [a]\n"), "2 a list needs a product, a category or a service");
    EXPECT_EQ(error("product: x\nlists:\n  - service: y\n"), "3 a list needs fields");
    EXPECT_EQ(error("product: x\nlist: []\n"), "2 unknown key 'list'");
    EXPECT_EQ(error("product: x\n"), "1 expected a list 'lists'");
    EXPECT_EQ(error("product: x\nlists:\n  - {fields: [a], complete: 1}\n"),
              "3 unknown key 'complete', or not what it must be");
    EXPECT_EQ(error("product: x\nlists:\n  - fields: [a]\n"), "accepted");
}

TEST(FieldCatalog, EveryListBelongsToAClassOfTheTable) {
    const LogSourceTable table = load_embedded_logsources();
    for (const FieldList& list : load_embedded_field_lists()) {
        const bool served = std::any_of(table.begin(), table.end(), [&](const LogSourceEntry& entry) {
            return contains(list.logsource, entry.logsource);
        });
        EXPECT_TRUE(served) << list.at.file << ":" << list.at.line;
    }
}

} // namespace
} // namespace canhgac::rules
