// The command line: what each command takes, and nothing else.
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli.hpp"
#include "app/rules_cli.hpp"
#include "app/version.hpp"

namespace canhgac::app {
namespace {

void add_pipelines(CLI::App& command, std::vector<std::string>& pipelines) {
    command.add_option("--pipeline", pipelines, "Processing pipeline for the rules: file, folder or built-in name")
        ->allow_extra_args(false); // repeat the flag for more
}

void add_rules(CLI::App& command, RulesOptions& options, const char* flag, bool required) {
    auto* paths = command.add_option(flag, options.paths, "Sigma rule files or folders");
    if (required) { paths->required(); }
    command.add_option("--placeholders", options.placeholders, "YAML file: lists for the |expand modifier, by name");
    command.add_option("--cache", options.cache, "Folder that keeps compiled databases for the next start");
    add_pipelines(command, options.pipelines);
    command.add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac");
}

void add_client(CLI::App& command, ClientOptions& options, bool csv = false) {
    command.add_option("--server", options.server, "Server URL [env CANHGAC_SERVER; default http://127.0.0.1:8080]");
    command.add_option("--data", options.data, "Data folder of the server, for its address and token");
    command.add_option("--token-file", options.token_file, "File with the API token");
    auto* output = command.add_option(
        "--output", options.output,
        fmt::format("json, jsonl{} or table [default: table on a terminal, else jsonl]", csv ? ", csv" : ""));
    std::vector<std::string> names = {"json", "jsonl", "table"};
    if (csv) { names.emplace_back("csv"); }
    output->check(CLI::IsMember(names));
}

class CommandLine {
public:
    CommandLine() {
        app_.require_subcommand(1);
        app_.set_version_flag("--version", version());
        app_.footer("Exit status: 0 success, 1 problems found, 2 wrong usage or configuration.");
        add_server();
        add_rule_commands();
        add_bundle_commands(*app_.get_subcommand("rules"));
        add_intel();
        add_scan();
        add_queries();
        add_holds();
        add_bench();
        auto* version_command = app_.add_subcommand("version", "Version, build, libraries and CPU features");
        version_command->callback([this] {
            std::fputs(version_report().c_str(), stdout);
            status_ = kSuccess;
        });
    }

    int run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            // CLI11 uses its own numbers; ours are part of the contract.
            return app_.exit(error) == 0 ? kSuccess : kUsage;
        }
        return status_;
    }

private:
    void add_server() {
        auto* serve = app_.add_subcommand("serve", "Run everything on this machine");
        serve->add_option("--config", serve_.config, "Configuration file [default: loopback only, shipped rules]");
        serve->add_option("--data", serve_.data, "Data folder [default: ./data, or data_dir of the configuration]");
        serve->callback([this] { status_ = run_serve(serve_); });
        auto* check =
            app_.add_subcommand("check", "Check configuration, rules, certificates and files; change nothing");
        check->add_option("--config", check_config_, "Configuration file");
        check->callback([this] { status_ = run_check(check_config_); });
    }

    void add_rule_commands() {
        auto* rules = app_.add_subcommand("rules", "Work with Sigma rules");
        rules->require_subcommand(1);
        auto* check = rules->add_subcommand("check", "Load and compile; report what was rejected and why, as JSON");
        add_rules(*check, rules_, "paths", true);
        add_polarity(*check);
        check->callback([this] {
            rules_.filter_polarity = polarity();
            status_ = run_rules_check(rules_);
        });
        rule_commands_.add_to(*rules);
    }

    void add_polarity(CLI::App& command) {
        command
            .add_option("--filter-polarity", polarity_,
                        "Sigma filters: pysigma (rule AND filter) or specification (rule AND NOT filter)")
            ->check(CLI::IsMember({"pysigma", "specification"}));
    }
    [[nodiscard]] rules::FilterPolarity polarity() const {
        return polarity_ == "specification" ? rules::FilterPolarity::specification : rules::FilterPolarity::pysigma;
    }

    /// Signed bundles, for places without a network.
    void add_bundle_commands(CLI::App& rules) {
        auto* keygen = rules.add_subcommand("keygen", "Make a secret key for bundles; prints the public key");
        keygen->add_option("-o,--out", bundle_.output, "File for the secret key")->required();
        keygen->callback([this] { status_ = run_rules_keygen(bundle_); });
        auto* pack = rules.add_subcommand("bundle", "Pack and sign a folder of rules and lists");
        pack->add_option("folder", bundle_.input, "Folder")->required();
        pack->add_option("--key", bundle_.key, "Secret key file")->required();
        pack->add_option("--version-number", bundle_.version, "Must increase [default: the time as a number]");
        pack->add_option("-o,--out", bundle_.output, "The bundle")->required();
        pack->callback([this] { status_ = run_rules_bundle(bundle_); });
        auto* take_in = rules.add_subcommand("import", "Verify a signed bundle wholly, then make it current");
        take_in->add_option("bundle", bundle_.input, "The bundle")->required();
        take_in->callback([this] { status_ = run_rules_import(bundle_); });
        auto* rollback = rules.add_subcommand("rollback", "Make the bundle before the current one current again");
        rollback->callback([this] { status_ = run_rules_rollback(bundle_); });
        for (CLI::App* command : {take_in, rollback}) {
            command->add_option("--config", bundle_.config, "Configuration: rules.bundle_keys, data_dir");
            command->add_option("--trust", bundle_.trusted, "A public key to trust; may be repeated")
                ->allow_extra_args(false);
            command->add_option("--into", bundle_.folder, "Folder of bundles [default: DATA_DIR/bundle]");
        }
    }

    void add_intel() {
        auto* intel = app_.add_subcommand("intel", "Work with lists of indicators (threat intelligence)");
        intel->require_subcommand(1);
        auto* check = intel->add_subcommand("check", "Read lists; report counts, memory and what is bad, as JSON");
        check->add_option("paths", intel_.values, "List files or folders: plain, CSV, STIX 2.1, MISP")->required();
        check->callback([this] { status_ = run_intel_check(intel_); });
        auto* lookup = intel->add_subcommand("lookup", "Say which lists hold a value, one JSON line a hit");
        lookup->add_option("--list", intel_.lists, "List file or folder; may be repeated")->allow_extra_args(false);
        lookup->add_option("--config", intel_.config, "Configuration file: its intel.lists");
        lookup->add_option("values", intel_.values, "Addresses, domains, URLs, hashes; defanged or not")->required();
        lookup->callback([this] { status_ = run_intel_lookup(intel_); });
    }

    void add_scan() {
        auto* scan = app_.add_subcommand("scan", "Run rules over files; one line a match, or a summary");
        add_rules(*scan, scan_.rules, "--rules", false);
        add_polarity(*scan);
        scan->get_option("--rules")->allow_extra_args(false); // what follows are inputs; repeat the flag for more paths
        scan->add_option("--logsource", logsource_, "auto: a rule sees only events of its log source; off: all events")
            ->check(CLI::IsMember({"auto", "off"}));
        scan->add_option("--time-field", scan_.time_field, "Field that holds the event's time");
        scan->add_option("--format", scan_.format, "auto, json, lines or evtx")
            ->check(CLI::IsMember({"auto", "json", "lines", "evtx"}));
        scan->add_option("--output", scan_.output,
                         "jsonl, json, csv or table [default: table on a terminal, else jsonl]")
            ->check(CLI::IsMember({"jsonl", "json", "csv", "table"}));
        scan->add_flag("--summary", scan_.summary,
                       "Instead of the matches: when, on which host, which rule and technique, how often");
        scan->add_option("--max-unpacked", scan_.max_unpacked, "Most bytes that one archive may unpack to [256GB]")
            ->transform(CLI::AsSizeValue(false));
        scan->add_option("--max-ratio", scan_.max_ratio, "Most bytes unpacked per packed byte, beyond 256 MiB [200]")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
        scan->add_flag("--stats", scan_.stats, "Write one JSON object with counts and speed to stderr at the end");
        scan->add_option("--threads", scan_.threads, "Matching threads")->check(CLI::Range(1, 256));
        scan->add_option("inputs", scan_.inputs,
                         "Files (.evtx, .json, .jsonl, .log, .gz, .zip), folders, or - for standard input")
            ->required();
        scan->callback([this] {
            scan_.route = logsource_ == "auto";
            scan_.rules.filter_polarity = polarity();
            if (scan_.rules.paths.empty() && !scan_.rules.pack) {
                throw CLI::ValidationError("--rules", "give --rules PATH or --pack");
            }
            if (scan_.summary && scan_.output == "csv") {
                throw CLI::ValidationError("--summary", "is written as table, json or jsonl");
            }
            status_ = run_scan(scan_);
        });
    }

    void add_queries() {
        auto* search = app_.add_subcommand("search", "Search stored events");
        add_client(*search, search_.client, true);
        search->add_option("--from", search_.from, "Start of event time, RFC 3339 or a duration ago (24h)");
        search->add_option("--to", search_.to, "End of event time");
        search->add_option("--limit", search_.limit, "Most events or rows wanted");
        auto* query = search->add_option("query", search_.query,
                                         "e.g. 'EventID:4625 last 24h | summarize n=count() by host | top 20 by n'");
        auto* rule = search->add_option("--rule", search_.rule, "What the Sigma rules in this file match, instead");
        query->excludes(rule);
        search->callback([this, query, rule] {
            if (query->empty() && rule->empty()) { throw CLI::RequiredError("query"); }
            status_ = run_search(search_);
        });
        auto* tail = app_.add_subcommand("tail", "Follow events as they come");
        add_client(*tail, tail_.client, true);
        tail->add_option("query", tail_.query,
                         "As for search; its steps look at one row, e.g. 'host:DC01* EventID:4625'")
            ->required();
        tail->callback([this] { status_ = run_tail(tail_); });
        auto* verify = app_.add_subcommand("verify", "Prove the stored events against their hash chain");
        add_client(*verify, verify_.client);
        verify->add_option("--from", verify_.from,
                           "Events received from this time on, RFC 3339 or a duration ago (24h)");
        verify->add_option("--to", verify_.to, "Events received before this time");
        verify->add_option("--resume", verify_.resume,
                           "File that keeps how far the chain was proven: goes on behind it");
        verify->callback([this] { status_ = run_verify(verify_); });
        add_export();
        auto* alerts = app_.add_subcommand("alerts", "The alert queue");
        add_client(*alerts, alerts_.client);
        alerts->add_option("--status", alerts_.status, "new, acknowledged, investigating, contained or closed");
        alerts->add_flag("--follow", alerts_.follow, "Stay and print alerts as they come");
        alerts->add_option("--limit", alerts_.limit, "Most alerts wanted");
        alerts->callback([this] { status_ = run_alerts(alerts_); });
    }

    void add_export() {
        auto* command = app_.add_subcommand("export", "Write what a query finds into a file");
        add_client(*command, export_.client);
        command->remove_option(command->get_option("--output"));
        command->add_option("query", export_.query, "As for search")->required();
        command->add_option("--out", export_.out, "The file; must not exist yet")->required();
        command->add_option("--format", export_.format, "jsonl, csv, or package: evidence with raw records and proof")
            ->check(CLI::IsMember({"jsonl", "csv", "package"}));
        command->add_option("--from", export_.from, "Start of event time, RFC 3339 or a duration ago (24h)");
        command->add_option("--to", export_.to, "End of event time");
        command->add_option("--limit", export_.limit, "Most events or rows [100000]")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{999'999}));
        command->add_option("--case", export_.number, "Of a package: number of the case");
        command->add_option("--custodian", export_.custodian, "Of a package: who keeps it");
        command->add_option("--agency", export_.agency, "Of a package: for whom");
        command->add_option("--reason", export_.reason, "Of a package: why");
        command->callback([this] { status_ = run_export(export_); });
    }

    void add_holds() {
        auto* hold = app_.add_subcommand("hold", "Keep events whatever retention says: legal hold");
        hold->require_subcommand(1);
        auto* add = hold->add_subcommand("add", "Copy what a query finds now, with its proof");
        add_client(*add, hold_.client);
        add->add_option("name", hold_.name, "Name of the hold: a-z, 0-9, - and _")->required();
        add->add_option("query", hold_.query,
                        "What to hold, a query without steps; empty: everything in the time range");
        add->add_option("--incident", hold_.reason, "What it is held for")->required();
        add->add_option("--from", hold_.from, "Start of event time, RFC 3339 or a duration ago (24h)");
        add->add_option("--to", hold_.to, "End of event time");
        add->callback([this] { status_ = run_hold_add(hold_); });
        auto* list = hold->add_subcommand("list", "The holds there are");
        add_client(*list, hold_.client);
        list->callback([this] { status_ = run_hold_list(hold_); });
        auto* release =
            hold->add_subcommand("release", "Forget the copies of a hold; who did so and why stays written");
        add_client(*release, hold_.client);
        release->add_option("name", hold_.name, "Name of the hold")->required();
        release->add_option("--reason", hold_.reason, "Why")->required();
        release->callback([this] { status_ = run_hold_release(hold_); });
    }

    void add_bench() {
        auto* bench = app_.add_subcommand("bench", "Make test load and size a machine");
        bench->require_subcommand(1);
        auto* gen = bench->add_subcommand("gen", "Write generated events, one JSON line each, to standard output");
        add_generator(*gen);
        gen->add_option("--events", bench_.events, "How many");
        gen->callback([this] { status_ = run_bench_gen(bench_); });
        auto* match = bench->add_subcommand("match", "Decode and match generated events on one thread");
        add_generator(*match);
        match->get_option("--from")->required(false);
        match->add_flag("--lines", bench_.lines, "Syslog lines of our own instead of recorded events");
        match->add_option("--rule-copies", bench_.rule_copies, "The rules this many times, with other texts")
            ->check(CLI::Range(1, 64));
        add_rules(*match, bench_.rules, "--rules", false);
        add_runs(*match);
        match->callback([this] { status_ = run_bench_match(bench_); });
        auto* ingest = bench->add_subcommand("ingest", "Syslog over TCP to durable, matched and indexed, end to end");
        add_rules(*ingest, bench_.rules, "--rules", false);
        add_runs(*ingest);
        ingest->add_option("--connections", bench_.connections, "TCP connections")->check(CLI::Range(1, 64));
        ingest->add_flag("--seal", bench_.seal, "Seal events meanwhile, as the server does (default: until durable)");
        ingest->add_option("--data", bench_.data, "Folder for the store [default: a temporary one, removed after]");
        ingest->add_option("--shards", bench_.shards, "Shards [default: one a core]");
        ingest->add_option("--seed", bench_.seed, "Seed of the generator");
        ingest->callback([this] { status_ = run_bench_ingest(bench_); });
        auto* search = bench->add_subcommand("search", "Store and seal events, then ask what analysts ask");
        add_generator(*search);
        search->get_option("--from")->required(false);
        search->add_flag("--lines", bench_.lines, "Syslog lines of our own instead of recorded events");
        search->add_option("--events", bench_.events, "How many")->check(CLI::Range(1'000UL, 1'000'000'000UL));
        search->add_option("--days", bench_.days, "Days they are spread over")->check(CLI::Range(1, 365));
        search->add_option("--data", bench_.data, "Folder for the store [default: a temporary one, removed after]");
        search->add_option("--runs", bench_.runs, "Times each question is asked")->check(CLI::Range(1, 100));
        search->callback([this] { status_ = run_bench_search(bench_); });
    }
    void add_generator(CLI::App& command) {
        command.add_option("--from", bench_.from, "Recorded events: .zip, .json, .jsonl, .gz")->required();
        command.add_option("--seed", bench_.seed, "Seed");
        command.add_flag("--unique", bench_.unique, "No value repeats");
        command.add_flag("--slim", bench_.slim, "Only the fields that rules look at most, 20 at the most, no message");
    }
    void add_runs(CLI::App& command) {
        command.add_option("--runs", bench_.runs, "Measured runs after a warm-up")->check(CLI::Range(1, 100));
        command.add_option("--seconds", bench_.seconds, "Least length of a run");
    }

    CLI::App app_{"Canh Gac - a real-time SOC engine in one process", "canhgac"};
    int status_ = kUsage;
    RuleCommands rule_commands_{status_};
    ServeOptions serve_;
    std::string check_config_;
    RulesOptions rules_;
    BundleOptions bundle_;
    IntelOptions intel_;
    ScanOptions scan_;
    std::string logsource_ = "auto";
    std::string polarity_ = "pysigma";
    SearchOptions search_;
    TailOptions tail_;
    VerifyCommand verify_;
    ExportOptions export_;
    AlertsOptions alerts_;
    HoldOptions hold_;
    BenchOptions bench_;
};

} // namespace
} // namespace canhgac::app

int main(int argc, char** argv) {
    try {
        canhgac::app::CommandLine command_line;
        return command_line.run(argc, argv);
    } catch (const std::exception& error) {
        // Start-up errors carry a message for the operator.
        std::fprintf(stderr, "canhgac: %s\n", error.what());
        return canhgac::app::kUsage;
    }
}
