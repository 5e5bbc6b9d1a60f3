// One row for each thing a transformation does: the transformation, a detection item, what it means then.
#include <gtest/gtest.h>

#include "pipeline_helpers.hpp"

namespace canhgac::rules {
namespace {

struct Row {
    const char* transformation;
    const char* item;
    const char* meaning;
};

void check(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        EXPECT_EQ(through(row.transformation, row.item), row.meaning)
            << "transformation: " << row.transformation << "\nitem: " << row.item;
    }
}

TEST(PipelineFields, Mapping) {
    check({
        {"type: field_name_mapping, mapping: {a: b}", "a: x", "  b matches \"x\"\n"},
        {"type: field_name_mapping, mapping: {a: b}", "A: x", "  A matches \"x\"\n"},
        {"type: field_name_mapping, mapping: {a: b}", "a|contains: x", "  b matches * \"x\" *\n"},
        {"type: field_name_mapping, mapping: {a: [b]}", "a: 1", "  b = 1\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a: x", "  any\n    b matches \"x\"\n    c matches \"x\"\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a: x, d: y",
         "  all\n    any\n      b matches \"x\"\n      c matches \"x\"\n    d matches \"y\"\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a|all: [x, y]",
         "  any\n    all\n      b matches \"x\"\n      b matches \"y\"\n"
         "    all\n      c matches \"x\"\n      c matches \"y\"\n"},
        {"type: field_name_mapping, mapping: {a: b, b: c}", "a: x", "  b matches \"x\"\n"},
    });
}

TEST(PipelineFields, SeveralNamesKeepTheMeaningOfNegationAndAbsence) {
    check({
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a|neq: x",
         "  all\n    not\n      b matches \"x\"\n    not\n      c matches \"x\"\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a: null", "  all\n    b is null\n    c is null\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a|exists: true", "  any\n    b exists\n    c exists\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a|exists: false",
         "  all\n    b does not exist\n    c does not exist\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a: [x, null]",
         "  any\n    any\n      b matches \"x\"\n      c matches \"x\"\n    all\n      b is null\n      c is null\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "a|neq: [x, null]",
         "  all\n    all\n      not\n        b matches \"x\"\n      not\n        c matches \"x\"\n"
         "    any\n      not\n        b is null\n      not\n        c is null\n"},
    });
}

TEST(PipelineFields, ReferencesToFields) {
    check({
        {"type: field_name_mapping, mapping: {a: b}", "x|fieldref: a", "  x equals field b\n"},
        {"type: field_name_mapping, mapping: {a: [b, c]}", "x|fieldref: a",
         "  any\n    x equals field b\n    x equals field c\n"},
        {"type: field_name_prefix, prefix: p_", "x|fieldref|endswith: a", "  p_x ends with field p_a\n"},
        {"type: field_name_mapping, mapping: {a: b}, field_name_conditions: [{type: include_fields, fields: [x]}]",
         "x|fieldref: a", "  x equals field a\n"},
    });
}

TEST(PipelineFields, KeywordsIntoOneField) {
    const std::string rule = rule_text("  s: [x, 'y*']\n  condition: s\n");
    EXPECT_EQ(outcome(read_through({one("type: field_name_mapping, mapping: {null: message}")}, rule)),
              "  any\n    message matches * \"x\" *\n    message matches * \"y\" *\n");
    EXPECT_EQ(outcome(read_through({one("type: field_name_prefix, prefix: p_")}, rule)),
              "  any\n    <any value> matches * \"x\" *\n    <any value> matches * \"y\" *\n");
}

TEST(PipelineFields, PrefixesSuffixesAndForms) {
    check({
        {"type: field_name_prefix, prefix: win.", "a: x", "  win.a matches \"x\"\n"},
        {"type: field_name_suffix, suffix: .keyword", "a: x", "  a.keyword matches \"x\"\n"},
        {"type: field_name_prefix_mapping, mapping: {win.: ''}", "win.Image: x", "  Image matches \"x\"\n"},
        {"type: field_name_prefix_mapping, mapping: {win.: [a_, b_]}", "win.x: y",
         "  any\n    a_x matches \"y\"\n    b_x matches \"y\"\n"},
        {"type: field_name_prefix_mapping, mapping: {win.: ''}", "lin.Image: x", "  lin.Image matches \"x\"\n"},
        {"type: field_name_prefix_mapping, mapping: {win.: ''}", "win.: x", "  win. matches \"x\"\n"},
        {"type: field_name_transform, transform_func: lower", "CommandLine: x", "  commandline matches \"x\"\n"},
        {"type: field_name_transform, transform_func: upper", "c-uri: x", "  C-URI matches \"x\"\n"},
        {"type: field_name_transform, transform_func: title", "parent_command_line: x",
         "  ParentCommandLine matches \"x\"\n"},
        {"type: field_name_transform, transform_func: snake_case", "ParentCommandLine: x",
         "  parent_command_line matches \"x\"\n"},
        {"type: field_name_transform, transform_func: snake_case", "DNSName: x", "  dns_name matches \"x\"\n"},
        {"type: field_name_transform, transform_func: camel_case", "source ip: x", "  sourceIp matches \"x\"\n"},
        {"type: field_name_transform, transform_func: upper, mapping: {a: own}", "a: x", "  own matches \"x\"\n"},
    });
}

TEST(PipelineValues, ReplaceString) {
    check({
        {"type: replace_string, regex: foo, replacement: bar", "a: xfoox", "  a matches \"xbarx\"\n"},
        {"type: replace_string, regex: foo, replacement: bar", "a|contains: foo", "  a matches * \"bar\" *\n"},
        {R"(type: replace_string, regex: '(\w+)@(\w+)', replacement: '\2 \g<1>')", "a: u@h", "  a matches \"h u\"\n"},
        {R"(type: replace_string, regex: '(?P<n>b+)', replacement: '<\g<n>>')", "a: abbc", "  a matches \"a<bb>c\"\n"},
        {R"(type: replace_string, regex: 'x*', replacement: '-')", "a: abxd", "  a matches \"-a-b--d-\"\n"},
        {"type: replace_string, regex: '^', replacement: '*'", "a: x", "  a matches * \"x\"\n"},
        {R"(type: replace_string, regex: '^C:', replacement: '\\?\?*')", "a: 'C:x'", "  a matches \"??\" * \"x\"\n"},
        {R"(type: replace_string, regex: '\*$', replacement: '')", "a|startswith: x", "  a matches \"x\"\n"},
        // what no match touches stays: a backslash before a wildcard is no escape
        {"type: replace_string, regex: Windows, replacement: Winnt", R"(a: 'C:\Windows\\*')",
         R"(  a matches "C:\\Winnt\\" *)"
         "\n"},
        {"type: replace_string, regex: foo, replacement: 'b*r', skip_special: true", "a: '*foo'",
         "  a matches * \"b*r\"\n"},
        {"type: replace_string, regex: foo, replacement: 'b*r', skip_special: true, interpret_special: true",
         "a: '*foo'", "  a matches * \"b\" * \"r\"\n"},
        {R"(type: replace_string, regex: '\*', replacement: x, skip_special: true)", "a: 'b*'",
         "  a matches \"b\" *\n"},
        {"type: replace_string, regex: '^46', replacement: '47'", "a: 4624", "  a matches \"4724\"\n"},
        {"type: replace_string, regex: '^47', replacement: '48'", "a: 4624", "  a = 4624\n"},
        {"type: replace_string, regex: x, replacement: y", "a|re: x", "  a regex \"x\"\n"},
    });
}

TEST(PipelineValues, MapSetConvert) {
    check({
        {"type: map_string, mapping: {x: y}", "a: x", "  a matches \"y\"\n"},
        {"type: map_string, mapping: {x: [y, 'z*']}", "a: x", "  any\n    a matches \"y\"\n    a matches \"z\" *\n"},
        {"type: map_string, mapping: {x: y}", "a|contains: x", "  a matches * \"x\" *\n"},
        {"type: map_string, mapping: {'*x*': y}", "a|contains: x", "  a matches \"y\"\n"},
        {"type: map_string, mapping: {x: [y, z]}", "a|all: [x, w]",
         "  all\n    any\n      a matches \"y\"\n      a matches \"z\"\n    a matches \"w\"\n"},
        {"type: set_value, value: 5", "a: x", "  a = 5\n"},
        {"type: set_value, value: 5, force_type: str", "a: x", "  a matches \"5\"\n"},
        {"type: set_value, value: '5', force_type: num", "a: x", "  a = 5\n"},
        {"type: set_value, value: true", "a: x", "  a is true\n"},
        {"type: set_value, value: null", "a: x", "  a is null\n"},
        {"type: convert_type, target_type: str", "a: [1, 2.5, x]",
         "  any\n    a matches \"1\"\n    a matches \"2.5\"\n    a matches \"x\"\n"},
        {"type: convert_type, target_type: num", "a: ['1', '0x1', 3]", "5:16 convert_type: '0x1' is not a number"},
        {"type: convert_type, target_type: num", "a: ['017', '-2.5']", "  any\n    a = 17\n    a = -2.5\n"},
        {"type: case, method: upper", "a|contains: 'xY'", "  a matches * \"XY\" *\n"},
        {"type: case", "a|cased: 'xY'", "  a matches \"xy\" cased\n"},
        {"type: case, method: snake_case", "a: 'ReadWrite'", "  a matches \"read_write\"\n"},
        {"type: case, method: upper", "a|re: xY", "  a regex \"xY\"\n"},
        {"type: regex, method: plain", "a|endswith: x", "  a matches * \"x\" cased\n"},
        {"type: regex", "a|endswith: x", "  a matches * \"x\"\n"},
        {"type: regex, method: ignore_case_flag", "a: x", "  a matches \"x\"\n"},
    });
}

TEST(PipelineValues, KeywordsStayText) {
    const std::string rule = rule_text("  s: ['12', x]\n  condition: s\n");
    const auto with = [&](const char* item) { return outcome(read_through({one(item)}, rule)); };
    EXPECT_EQ(with("type: set_value, value: 5"),
              "  any\n    <any value> matches * \"5\" *\n    <any value> matches * \"5\" *\n");
    EXPECT_EQ(with("type: set_value, value: null"), "5:7 the pipelines make a keyword something else than text");
    EXPECT_EQ(with("type: replace_string, regex: x, replacement: y"),
              "  any\n    <any value> matches * \"12\" *\n    <any value> matches * \"y\" *\n");
}

TEST(PipelineValues, Placeholders) {
    const std::string vars = "vars: {admins: [root, 'adm*'], port: 22}\n";
    const auto outcome_of = [&](const std::string& transformation, const std::string& item) {
        return outcome(read_through({vars + one(transformation)}, rule_text("  s: {" + item + "}\n  condition: s\n")));
    };
    EXPECT_EQ(outcome_of("type: value_placeholders", "a|expand: '%admins%'"),
              "  any\n    a matches \"root\"\n    a matches \"adm\" *\n");
    EXPECT_EQ(outcome_of("type: value_placeholders", "a|expand|contains: 'x%port%'"), "  a matches * \"x22\" *\n");
    EXPECT_EQ(outcome_of("type: value_placeholders, include: [port]", "a|expand: ['%port%', '%admins%']"),
              "5:28 unresolved placeholder '%admins%'; give it values in the file of placeholders");
    EXPECT_EQ(outcome_of("type: value_placeholders, exclude: [port]", "a|expand: '%port%'"),
              "5:17 unresolved placeholder '%port%'; give it values in the file of placeholders");
    EXPECT_EQ(outcome_of("type: value_placeholders", "a|expand: '%other%'"),
              "5:17 unresolved placeholder '%other%': add it to 'vars' of a pipeline");
    EXPECT_EQ(outcome_of("type: wildcard_placeholders", "a|expand: 'x%other%'"), "  a matches \"x\" *\n");
    EXPECT_EQ(outcome_of("type: case", "a|expand: '%admins%'"),
              "5:17 unresolved placeholder '%admins%'; give it values in the file of placeholders");
    EXPECT_EQ(outcome_of("type: value_placeholders", "a: '%admins%'"), "  a matches \"%admins%\"\n");
    EXPECT_EQ(outcome_of("type: value_placeholders", "a|expand|windash|contains: '-x %port%'"),
              outcome_of("type: value_placeholders", "a|windash|contains: '-x 22'"));
}

TEST(PipelineItems, Hashes) {
    const std::string md5 = "987B65CD9B9F4E9A1AFD8F8B48CF64A7";
    const std::string sha1 = "5F1CBC3D99558307BC1250D084FA968521482025";
    const std::string kind = "type: hashes_fields, valid_hash_algos: [MD5, SHA1]";
    const auto quoted = [](const std::string& text) { return "matches \"" + text + "\"\n"; };
    EXPECT_EQ(through(kind, "Hashes: 'SHA1=" + sha1 + "'"), "  SHA1 " + quoted(sha1));
    EXPECT_EQ(through(kind, "Hashes|contains: ['SHA1=" + sha1 + "', 'md5=" + md5 + "']"),
              "  any\n    SHA1 " + quoted(sha1) + "    MD5 " + quoted(md5));
    EXPECT_EQ(through(kind + ", field_prefix: File", "Hash: " + md5), "  FileMD5 " + quoted(md5));
    EXPECT_EQ(through(kind + ", field_prefix: hash, drop_algo_prefix: true", "Hash: " + md5), "  hash " + quoted(md5));
    EXPECT_EQ(through(kind + ", field_to_parse: [h]", "h: 'MD5|" + md5 + "'"), "  MD5 " + quoted(md5));
    // other kinds of hashes stay where they are
    EXPECT_EQ(through(kind, "Hashes|contains: ['MD5=" + md5 + "', 'IMPHASH=00']"),
              "  any\n    MD5 " + quoted(md5) + "    Hashes matches * \"IMPHASH=00\" *\n");
    EXPECT_EQ(through(kind, "Hashes|contains: 'IMPHASH=00'"),
              "5:7 hashes_fields: no value is a hash of a kind that the pipeline names");
    EXPECT_EQ(through(kind, "Hashes|neq: 'MD5=" + md5 + "'"), "  not\n    MD5 " + quoted(md5));
}

TEST(PipelineItems, ExtractFields) {
    const std::string kind = R"(type: extract_fields, regex: '(?P<type>[A-Za-z]+):(?P<value>\d+)', field_prefix: reg)";
    check({
        {kind.c_str(), "a: 'Dword:0001'", "  all\n    reg.type matches \"Dword\"\n    reg.value matches \"0001\"\n"},
        {kind.c_str(), "a: 'Dword:12'", "  all\n    reg.type matches \"Dword\"\n    reg.value = 12\n"},
        {kind.c_str(), "a: other", "  a matches \"other\"\n"},
        {kind.c_str(), "a: 12", "  a = 12\n"},
    });
    EXPECT_EQ(through(kind, "a: ['B:1', other]"), "  all\n    reg.type matches \"B\"\n    reg.value = 1\n");
    EXPECT_EQ(through(kind + ", preserve_unmatched: true", "a: ['B:1', other]"),
              "  any\n    all\n      reg.type matches \"B\"\n      reg.value = 1\n    a matches \"other\"\n");
}

TEST(PipelineItems, Drop) {
    const std::string drop =
        one("type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [a]}]");
    const auto left = [&](const std::string& detection) { return outcome(read_through({drop}, rule_text(detection))); };
    EXPECT_EQ(left("  s: {a: 1, b: 2}\n  condition: s\n"), "  b = 2\n");
    EXPECT_EQ(left("  s: [{a: 1}, {b: 2}]\n  condition: s\n"), "  b = 2\n");
    EXPECT_EQ(left("  s: {b: 2}\n  f: {a: 1}\n  condition: s and not f\n"), "  b = 2\n");
    EXPECT_EQ(left("  s: {b: 2}\n  f: {a: 1}\n  condition: 1 of *\n"), "  b = 2\n");
    EXPECT_EQ(left("  s: {a: 2}\n  condition: s\n"), "5:3 the pipelines left nothing of the detection");
}

TEST(PipelineItems, AddCondition) {
    const std::string rule = rule_text("  s: {a: 1}\n  t: {b: 2}\n  condition: 1 of them\n");
    const auto with = [&](const std::string& keys) {
        return outcome(read_through({one("type: add_condition, " + keys)}, rule));
    };
    const std::string own = "  all\n    any\n      a = 1\n      b = 2\n";
    EXPECT_EQ(with("conditions: {Channel: Security}"), own + "    Channel matches \"Security\"\n");
    EXPECT_EQ(with("conditions: {c|contains: [x, y]}, name: extra"),
              own + "    any\n      c matches * \"x\" *\n      c matches * \"y\" *\n");
    EXPECT_EQ(with("conditions: {c: x, d: null}, negated: true"),
              own + "    not\n      all\n        c matches \"x\"\n        d is null\n");
    EXPECT_EQ(with("conditions: {index: '$product-${category}-$$-$other'}, template: true"),
              own + "    index matches \"windows--$-$other\"\n");
    EXPECT_EQ(with("conditions: {index: $product}"), own + "    index matches \"$product\"\n");
}

TEST(PipelineItems, WhatIsAddedIsChangedByWhatFollows) {
    const std::string pipeline = "transformations:\n"
                                 "  - {type: add_condition, conditions: {a: x}}\n"
                                 "  - {type: field_name_mapping, mapping: {a: b}}\n";
    EXPECT_EQ(outcome(read_through({pipeline}, rule_text("  s: {c: 1}\n  condition: s\n"))),
              "  all\n    c = 1\n    b matches \"x\"\n");
}

TEST(PipelineRule, LogsourceAndFields) {
    const std::string pipeline = "transformations:\n"
                                 "  - {type: change_logsource, category: process_creation, product: windows}\n"
                                 "  - {type: add_field, field: [x, y]}\n"
                                 "  - {type: remove_field, field: [b, none]}\n"
                                 "  - {type: field_name_mapping, mapping: {a: [a1, a2]}}\n";
    const auto result = read_through({pipeline}, rule_text("  s: {c: 1}\n  condition: s\n", "r1", "fields: [a, b]\n"));
    ASSERT_EQ(result.rules.size(), 1U);
    EXPECT_EQ(result.rules[0].logsource, (LogSource{"windows", "process_creation", ""}));
    EXPECT_EQ(result.rules[0].fields, (std::vector<std::string>{"a1", "a2", "x", "y"}));
    const auto set = read_through({one("type: set_field, fields: [z]")}, rule_text("  s: {c: 1}\n  condition: s\n"));
    ASSERT_EQ(set.rules.size(), 1U);
    EXPECT_EQ(set.rules[0].fields, std::vector<std::string>{"z"});
}

TEST(PipelineRule, Failures) {
    const std::string rule = rule_text("  s: {c: 1, d: 2}\n  condition: s\n");
    EXPECT_EQ(outcome(read_through({one("id: no, type: rule_failure, message: not here")}, rule)),
              "1:1 refused by pipeline item 'no': not here");
    EXPECT_EQ(outcome(read_through({one("id: no, type: detection_item_failure, message: not d, field_name_conditions: "
                                        "[{type: include_fields, fields: [d]}]")},
                                   rule)),
              "5:13 refused by pipeline item 'no': not d");
    const std::string strict = "transformations:\n"
                               "  - {type: field_name_mapping, mapping: {c: e}}\n"
                               "  - {id: strict, type: strict_field_mapping_failure}\n";
    EXPECT_EQ(outcome(read_through({strict}, rule)),
              "1:1 refused by pipeline item 'strict': fields that no pipeline maps: d");
}

TEST(PipelineRule, Nest) {
    const std::string pipeline = "transformations:\n"
                                 "  - type: nest\n"
                                 "    rule_conditions: [{type: logsource, product: windows}]\n"
                                 "    items:\n"
                                 "      - {type: field_name_mapping, mapping: {a: b}}\n"
                                 "      - {type: set_state, key: k, val: 1}\n"
                                 "  - type: field_name_suffix\n"
                                 "    suffix: _x\n"
                                 "    rule_conditions: [{type: processing_state, key: k, val: 1}]\n";
    EXPECT_EQ(outcome(read_through({pipeline}, rule_text("  s: {a: 1}\n  condition: s\n"))), "  b_x = 1\n");
    const auto result = read_through({pipeline}, rule_text("  s: {a: 1}\n  condition: s\n"));
    ASSERT_EQ(result.pipelines.size(), 1U);
    EXPECT_EQ(result.pipelines[0].applied,
              (std::vector<std::pair<std::string, std::size_t>>{
                  {"nest-1", 1}, {"field_name_mapping-1.1", 1}, {"set_state-1.2", 1}, {"field_name_suffix-2", 1}}));
}

TEST(PipelineRule, Correlations) {
    const std::string text = rule_text("  s: {user: x}\n  condition: s\n", "r1", "name: base\n") +
                             "---\ntitle: C\nid: c1\ncorrelation:\n  type: event_count\n  rules: base\n"
                             "  group-by: [user, who]\n  timespan: 5m\n  condition: {gte: 3}\n"
                             "  aliases: {who: {base: host}}\n";
    const auto mapped = read_through({one("type: field_name_mapping, mapping: {user: u, host: h, who: no}")}, text);
    ASSERT_EQ(mapped.correlations.size(), 1U) << outcome(mapped);
    EXPECT_EQ(mapped.correlations[0].group_by, (std::vector<std::string>{"u", "who"}));
    EXPECT_EQ(mapped.correlations[0].aliases[0].second[0].second, "h");
    const std::string counted = rule_text("  s: {user: x}\n  condition: s\n", "r1", "name: base\n") +
                                "---\ntitle: C\nid: c1\ncorrelation:\n  type: value_count\n  rules: base\n"
                                "  timespan: 5m\n  condition: {gte: 3, field: host}\n";
    const auto values = read_through({one("type: field_name_mapping, mapping: {host: h}")}, counted);
    ASSERT_EQ(values.correlations.size(), 1U) << outcome(values);
    EXPECT_EQ(values.correlations[0].fields, std::vector<std::string>{"h"});
    const auto several = read_through({one("id: m, type: field_name_mapping, mapping: {user: [u, v]}")}, text);
    ASSERT_EQ(several.rejected.size(), 1U);
    EXPECT_EQ(several.rejected[0].id, "c1");
    EXPECT_NE(several.rejected[0].reason.find("maps 'user' to several fields"), std::string::npos);
}

} // namespace
} // namespace canhgac::rules
