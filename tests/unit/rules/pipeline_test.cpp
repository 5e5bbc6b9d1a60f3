// Pipelines as files: order, variables, reports, mistakes.
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline_helpers.hpp"

namespace canhgac::rules {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kRule = rule_text("  s: {a: x}\n  condition: s\n");

TEST(Pipelines, ApplyInTheOrderOfTheirPriority) {
    const std::string late = "priority: 20\n" + one("type: field_name_mapping, mapping: {b: c}");
    const std::string early = "priority: 10\n" + one("type: field_name_mapping, mapping: {a: b}");
    EXPECT_EQ(outcome(read_through({late, early}, kRule)), "  c matches \"x\"\n");
    const std::string same = "priority: 10\n" + one("type: field_name_mapping, mapping: {a: d}");
    EXPECT_EQ(outcome(read_through({same, early}, kRule)), "  d matches \"x\"\n");
    EXPECT_EQ(outcome(read_through({early, same}, kRule)), "  b matches \"x\"\n");
    const auto result = read_through({late, early}, kRule);
    ASSERT_EQ(result.pipelines.size(), 2U);
    EXPECT_EQ(result.pipelines[0].name, "p2");
    EXPECT_EQ(result.pipelines[0].priority, 10);
}

TEST(Pipelines, VariablesOfLaterPipelinesWin) {
    const std::string rule = rule_text("  s: {a|expand: '%v%'}\n  condition: s\n");
    const std::string first = "vars: {v: one}\n" + one("type: value_placeholders");
    EXPECT_EQ(outcome(read_through({first, "vars: {v: [two]}\npriority: 5\n"}, rule)), "  a matches \"two\"\n");
    EXPECT_EQ(outcome(read_through({first, "vars: {v: [two]}\npriority: -5\n"}, rule)), "  a matches \"one\"\n");
}

TEST(Pipelines, StateAndAppliedItemsPassFromOneToTheNext) {
    const std::string first = one("id: i, type: set_state, key: k, val: 1");
    const std::string second =
        one("type: field_name_suffix, suffix: _X, rule_conditions: [{type: processing_state, key: "
            "k, val: 1}, {type: processing_item_applied, processing_item_id: i}]");
    EXPECT_EQ(outcome(read_through({first, second}, kRule)), "  a_X matches \"x\"\n");
}

TEST(Pipelines, FiltersGoThroughThemToo) {
    const std::string text = rule_text("  s: {a: x}\n  condition: s\n") +
                             "---\ntitle: F\nid: f1\nlogsource: {product: windows}\n"
                             "filter:\n  rules: [r1]\n  q: {a: y}\n  condition: not q\n";
    const std::string pipeline = "transformations:\n  - {type: field_name_mapping, mapping: {a: b}}\n"
                                 "  - {type: change_logsource, product: linux}\n";
    EXPECT_EQ(outcome(read_through({pipeline}, text)), "  all\n    b matches \"x\"\n    not\n      b matches \"y\"\n");
}

TEST(Pipelines, ReportHowManyRulesEachItemChanged) {
    const std::string pipeline = "name: ours\ntransformations:\n"
                                 "  - {id: map, type: field_name_mapping, mapping: {a: b}}\n"
                                 "  - {type: field_name_mapping, mapping: {zzz: b}}\n"
                                 "  - {id: map, type: field_name_mapping, mapping: {c: d}}\n";
    const auto result =
        read_through({pipeline}, kRule + "---\n" + rule_text("  s: {c: x, a: y}\n  condition: s\n", "r2"));
    ASSERT_EQ(result.pipelines.size(), 1U);
    const auto& use = result.pipelines[0];
    EXPECT_EQ(use.name, "ours");
    EXPECT_EQ(use.file, "p1.yml");
    EXPECT_THAT(use.applied, ElementsAre(std::pair<std::string, std::size_t>("map", 3),
                                         std::pair<std::string, std::size_t>("field_name_mapping-2", 0)));
    ASSERT_EQ(use.warnings.size(), 1U);
    EXPECT_EQ(to_string(use.warnings[0]),
              "p1.yml:4:5: it changed none of 2 rules (pipeline item field_name_mapping-2)");
}

TEST(Pipelines, OneThatChangesNothingIsReportedOnce) {
    const auto result = read_through({one("type: field_name_mapping, mapping: {zzz: b}")}, kRule);
    ASSERT_EQ(result.pipelines[0].warnings.size(), 1U);
    EXPECT_EQ(to_string(result.pipelines[0].warnings[0]), "p1.yml:2:5: pipeline 'p1' changed none of 1 rules");
    EXPECT_EQ(read_through({one("type: field_name_mapping, mapping: {zzz: b}")}, "").pipelines[0].warnings.size(), 0U);
}

TEST(Pipelines, LoopsAreReported) {
    const std::string pipeline = "transformations:\n"
                                 "  - {id: there, type: field_name_mapping, mapping: {a: b}}\n"
                                 "  - {id: on, type: field_name_mapping, mapping: {b: c}}\n"
                                 "  - {id: back, type: field_name_mapping, mapping: {c: a}}\n";
    const auto result = read_through({pipeline}, kRule + "---\n" + rule_text("  s: {a: y}\n  condition: s\n", "r2"));
    ASSERT_EQ(result.pipelines[0].warnings.size(), 1U); // once, not for each rule
    EXPECT_EQ(
        to_string(result.pipelines[0].warnings[0]),
        "p1.yml:4:5: the pipelines loop: field 'c' is mapped back to 'a', which it was before (pipeline item back)");
}

TEST(Pipelines, ConditionsWithoutEffectAreReported) {
    const auto result =
        read_through({one("id: i, type: change_logsource, product: linux, field_name_conditions: [{type: "
                          "include_fields, fields: [a]}]")},
                     kRule);
    ASSERT_EQ(result.pipelines[0].warnings.size(), 1U);
    EXPECT_THAT(result.pipelines[0].warnings[0].message, HasSubstr("'field_name_conditions' has no effect"));
}

TEST(Pipelines, OnlyWhatIsMeantGoesThroughThem) {
    ReadOptions options;
    options.pipelines = chain_of({one("type: field_name_mapping, mapping: {a: b}")});
    Reader reader(options);
    reader.use_pipelines(false);
    reader.add_text("pack.yml", kRule);
    reader.use_pipelines(true);
    reader.add_text("own.yml", rule_text("  s: {a: x}\n  condition: s\n", "r2"));
    EXPECT_EQ(outcome(reader.finish()), "  a matches \"x\"\n  b matches \"x\"\n");
    reader.add_text("again.yml", kRule); // the reader starts anew
    EXPECT_EQ(reader.finish().pipelines[0].applied[0].second, 1U);
}

TEST(Pipelines, TakeWhatOtherToolsWrite) {
    EXPECT_EQ(faults_of("name: x\npriority: 100\nallowed_backends: [splunk]\nvars: {a: 1}\ntransformations: []\n"
                        "postprocessing: []\nfinalizers: []\n"),
              "");
    EXPECT_EQ(faults_of("vars: {a: [x, 1]}\n"), "");
    const auto chain =
        chain_of({"canhgac: {taxonomy: [zeek, ecs]}\nvars: {a: b}\n", "canhgac: {taxonomy: ecs}\nvars: {c: d}\n"});
    ASSERT_NE(chain, nullptr);
    EXPECT_THAT(chain->taxonomies(), ElementsAre("ecs", "zeek"));
}

TEST(Pipelines, TakeRulesOfATaxonomyTheyTranslate) {
    const std::string rule = rule_text("  s: {a: x}\n  condition: s\n", "r1", "taxonomy: zeek\n");
    const std::string map = one("type: field_name_mapping, mapping: {a: b}");
    EXPECT_EQ(outcome(read_through({"canhgac: {taxonomy: [ecs, zeek]}\n" + map}, rule)), "  b matches \"x\"\n");
    EXPECT_EQ(read_through({"canhgac: {taxonomy: [ecs]}\n" + map}, rule).rejected.size(), 1U);
    EXPECT_EQ(read_through({map}, rule).rejected.size(), 1U);
    const std::string sigma = rule_text("  s: {a: x}\n  condition: s\n", "r1", "taxonomy: sigma\n");
    EXPECT_EQ(outcome(read_through({"canhgac: {taxonomy: [ecs]}\n" + map}, sigma)), "  b matches \"x\"\n");
}

struct Mistake {
    const char* text;
    const char* fault;
};

TEST(PipelineMistakes, OfTheWhole) {
    for (const auto& [text, fault] : std::vector<Mistake>{
             {"", "p1.yml:1:1: a pipeline is one YAML document; this file holds 0"},
             {"a: 1\n---\nb: 2\n", "p1.yml:3:1: a pipeline is one YAML document; this file holds 2"},
             {"[x]", "p1.yml:1:1: a pipeline must be a map of keys and values"},
             {"name: x\n", "p1.yml:1:1: the pipeline does nothing: it has neither 'transformations' nor 'vars'"},
             {"transformations: {}\n", "p1.yml:1:18: expected a list of transformations"},
             {"vars: [x]\n", "p1.yml:1:7: 'vars' must be a map of names to values"},
             {"vars: {a: {b: c}}\n", "p1.yml:1:11: the value of 'a' must be text"},
             {"vars: {a: b}\npriority: high\n", "p1.yml:2:11: 'priority' must be a whole number"},
             {"vars: {a: b}\ncanhgac: {x: y}\n", "p1.yml:2:10: 'canhgac' needs the key 'taxonomy'"},
             {"a: b\n  c: d\n", "p1.yml:2:4: illegal map value"},
         }) {
        EXPECT_EQ(faults_of(text), fault) << text;
    }
    EXPECT_THAT(faults_of("vars: {a: b}\nfoo: 1\n"),
                HasSubstr("p1.yml:2:1: unknown key 'foo' in a pipeline; known are: "));
    EXPECT_THAT(faults_of("transformations: []\npostprocessing:\n  - {type: embed, prefix: x}\n"),
                HasSubstr("p1.yml:3:3: 'postprocessing' changes the text of queries"));
    EXPECT_THAT(faults_of("transformations: []\nfinalizers: [{type: json}]\n"),
                HasSubstr("p1.yml:2:13: 'finalizers' changes the text of queries"));
}

TEST(PipelineMistakes, OfTransformations) {
    for (const auto& [text, fault] : std::vector<Mistake>{
             {"mapping: {a: b}", "2:5: transformation 1 needs the key 'type'"},
             {"type: foo", "2:12: unknown transformation 'foo'; docs/reference/pipelines.md lists them"},
             {"type: field_name_mapping", "2:5: transformation 1 (field_name_mapping) needs the key 'mapping'"},
             {"type: field_name_mapping, mapping: {a: []}", "2:45: the value of 'a' must not be empty"},
             {"type: field_name_mapping, mapping: {a: {b: c}}", "2:45: the value of 'a' must be text"},
             {"type: field_name_mapping, mapping: {a: ''}",
              "2:5: transformation 1 (field_name_mapping): a field cannot become a field without a name; "
              "drop_detection_item drops it"},
             {"type: field_name_mapping, mapping: {}", "2:41: 'mapping' must be a map with at least one entry"},
             {"type: field_name_transform, transform_func: reverse",
              "2:50: 'transform_func' must be one of lower, upper, title, snake_case, camel_case"},
             {"type: change_logsource",
              "2:5: transformation 1 (change_logsource) needs a product, a category or a service"},
             {"type: add_condition, conditions: {a|foo: x}",
              "2:40: unknown modifier 'foo' in 'a|foo'; the modifiers are listed in docs/reference/sigma.md"},
             {"type: add_condition, conditions: [a]", "2:39: 'conditions' must be a map of fields to values"},
             {"type: case, method: title", "2:26: 'method' must be one of lower, upper, snake_case"},
             {"type: set_value", "2:5: transformation 1 (set_value) needs the key 'value'"},
             {"type: set_value, value: [x]", "2:30: a list inside a list; put its values into the outer list"},
             {"type: set_value, value: x, force_type: num", "2:30: 'x' is not a number"},
             {"type: value_placeholders, include: [a], exclude: [b]",
              "2:5: transformation 1 (value_placeholders) takes 'include' or 'exclude', not both"},
             {"type: hashes_fields, valid_hash_algos: [md5]", "2:5: 'valid_hash_algos': write 'MD5', not 'md5'"},
             {"type: extract_fields, regex: '(a)'",
              "2:35: the regular expression needs at least one named group, like (?P<name>...)"},
             {R"(type: replace_string, regex: a, replacement: '\1')",
              "2:51: 'replacement': the regular expression has no group 1"},
             {R"(type: replace_string, regex: a, replacement: '\g<n>')",
              "2:51: 'replacement': the regular expression has no group 'n'"},
             {R"(type: replace_string, regex: a, replacement: '\q')",
              "2:51: 'replacement': unknown escape '\\q'; write '\\\\' for a backslash"},
             {"type: replace_string, regex: '(?=a)', replacement: x",
              "2:35: the regular expression cannot be used: invalid perl operator: (?="},
             {"type: nest, items: {}", "2:25: expected a list of transformations"},
             {"type: drop_detection_item, field_name_cond_not: true",
              "2:5: transformation 1 (drop_detection_item) joins 'field_name_conditions', but has none"},
         }) {
        EXPECT_EQ(faults_of(one(text)), "p1.yml:" + std::string(fault)) << text;
    }
    EXPECT_THAT(faults_of(one("type: case, methud: upper")),
                HasSubstr("2:18: unknown key 'methud' in transformation 1 (case); known are: type, id, "));
    for (const char* type :
         {"query_expression_placeholders", "file_placeholders", "http_placeholders", "command_placeholders"}) {
        EXPECT_THAT(faults_of(one("type: " + std::string(type))),
                    HasSubstr("transformation '" + std::string(type) + "' is not supported: "))
            << type;
    }
}

TEST(PipelineMistakes, AllOfThemAtOnce) {
    EXPECT_EQ(faults_of("transformations:\n  - {type: foo}\n  - {type: nest, items: [{type: bar}, {type: case}]}\n"
                        "vars: 1\n"),
              "p1.yml:2:12: unknown transformation 'foo'; docs/reference/pipelines.md lists them\n"
              "p1.yml:3:33: unknown transformation 'bar'; docs/reference/pipelines.md lists them\n"
              "p1.yml:4:7: 'vars' must be a map of names to values");
}

TEST(PipelineMistakes, OfConditions) {
    for (const auto& [text, fault] : std::vector<Mistake>{
             {"rule_conditions: x", "2:50: 'rule_conditions' must be a list, or a map of names to conditions"},
             {"rule_conditions: [{product: x}]", "2:51: condition '1' needs the key 'type'"},
             {"rule_conditions: [{type: logsource}]",
              "2:51: a logsource condition needs a product, a category or a service"},
             {"rule_conditions: [{type: rule_attribute, attribute: level, value: loud}]", "2:99: unknown level 'loud'"},
             {"rule_conditions: [{type: rule_attribute, attribute: date, value: x}]",
              "2:98: 'x' is not a date; write it like 2026-01-31"},
             {"rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: b",
              "2:94: condition expression: there is no condition 'b'"},
             {"rule_conditions: {a: {type: is_sigma_rule}, b: {type: is_sigma_rule}}, rule_cond_expr: a",
              "2:120: condition expression: the condition 'b' is not used in the expression"},
             {"rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: 'a and'",
              "2:94: condition expression: it ends where the name of a condition should stand"},
             {"rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: '(a'",
              "2:94: condition expression: missing ')'"},
             {"rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: 'a a'",
              "2:94: condition expression: expected 'and' or 'or' before 'a'"},
             {"rule_conditions: [{type: is_sigma_rule}], rule_cond_expr: a",
              "2:50: an expression needs names: write 'rule_conditions' as a map of names"},
             {"rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: a, rule_cond_op: or",
              "2:111: give 'rule_cond_op' or an expression, not both"},
             {"rule_conditions: [{type: is_sigma_rule}], rule_cond_op: xor",
              "2:89: 'rule_cond_op' must be one of and, or"},
             {"detection_item_conditions: [{type: match_string, cond: some, pattern: x}]",
              "2:88: 'cond' must be one of any, all"},
             {"detection_item_conditions: [{type: match_string, cond: any, pattern: '('}]",
              "2:102: the regular expression '(' cannot be used: missing ): ("},
             {"field_name_conditions: [{type: include_fields, fields: []}]", "2:88: 'fields' must not be empty"},
         }) {
        EXPECT_EQ(faults_of(one("type: drop_detection_item, " + std::string(text))), "p1.yml:" + std::string(fault))
            << text;
    }
    for (const char* kind : {"rule", "detection_item", "field_name"}) {
        EXPECT_THAT(faults_of(one("type: case, " + std::string(kind) + "_conditions: [{type: foo}]")),
                    HasSubstr("'foo'; known are: "))
            << kind;
    }
}

TEST(PipelineLimits, WhatGrowsWithoutBoundIsStopped) {
    std::string pipeline = "transformations:\n";
    for (int i = 0; i < 40; ++i) {
        pipeline += "  - {type: field_name_mapping, mapping: {a: [a, a]}}\n";
    }
    EXPECT_EQ(outcome(read_through({pipeline}, kRule)), "1:1 the pipelines give the rule too many values");
    EXPECT_EQ(outcome(read_through({pipeline}, rule_text("  s: {b: x}\n  condition: s\n", "r1", "fields: [a]\n"))),
              "1:1 the pipelines give the rule too many fields");
    pipeline = "transformations:\n";
    for (int i = 0; i < 40; ++i) {
        pipeline += "  - {type: replace_string, regex: '^(.*)$', replacement: '\\1\\1'}\n";
    }
    EXPECT_EQ(outcome(read_through({pipeline}, kRule)), "5:10 replace_string makes a value of more than 64 KiB");
    pipeline = "transformations:\n";
    for (int i = 0; i < 40; ++i) {
        pipeline += "  - {type: map_string, mapping: {x: [x, x]}}\n";
    }
    EXPECT_EQ(outcome(read_through({pipeline}, kRule)), "1:1 the pipelines give the rule too many values");
}

TEST(FindPipelines, FilesFoldersAndNames) {
    const fs::path folder = fs::temp_directory_path() / ("canhgac_pipelines_" + std::to_string(::getpid()));
    fs::create_directories(folder / "sub");
    std::ofstream(folder / "b.yml") << "vars: {a: b}\n";
    std::ofstream(folder / "sub" / "a.yaml") << "vars: {c: d}\n";
    std::ofstream(folder / "note.txt") << "no\n";
    const auto found = find_pipelines(folder.string());
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[0].file, (folder / "b.yml").string());
    EXPECT_EQ(find_pipelines((folder / "b.yml").string())->front().text, "vars: {a: b}\n");
    EXPECT_EQ(find_pipelines((folder / "none.yml").string()).error().find("pipeline '"), 0U);
    fs::remove_all(folder);
    ASSERT_FALSE(built_in_pipelines().empty());
    for (const auto& name : built_in_pipelines()) {
        const auto text = find_pipelines(name);
        ASSERT_TRUE(text.has_value());
        EXPECT_TRUE(text->front().is_built_in);
        EXPECT_TRUE(load_pipelines({name}).has_value()) << name << ": " << to_string(load_pipelines({name}).error()[0]);
    }
    EXPECT_EQ(load_pipelines({"no such", "none"}).error().size(), 2U);
}

} // namespace
} // namespace canhgac::rules
