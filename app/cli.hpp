/// The commands of the binary. Each returns the exit status: 0 success, 1 found problems, 2 wrong usage or
/// configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/reader.hpp"

namespace canhgac::app {

enum ExitStatus : int { kSuccess = 0, kProblems = 1, kUsage = 2 };

struct ServeOptions {
    std::string config; ///< empty: built-in defaults
    std::string data;   ///< overrides data_dir
};
[[nodiscard]] int run_serve(const ServeOptions& options);
[[nodiscard]] int run_check(const std::string& config);

struct RulesOptions {
    std::vector<std::string> paths;
    std::string placeholders;             ///< YAML map of lists
    std::string cache;                    ///< folder for compiled databases; empty: none
    bool pack = false;                    ///< the shipped pack too
    std::vector<std::string> pipelines{}; ///< files, folders or built-in names
    rules::FilterPolarity filter_polarity = rules::FilterPolarity::pysigma;
};
[[nodiscard]] int run_rules_check(const RulesOptions& options);

struct BundleOptions {
    std::string input;         ///< folder of `bundle`, file of `import`
    std::string output;        ///< of `keygen` and `bundle`
    std::string key;           ///< secret key file
    std::uint64_t version = 0; ///< 0: the time
    std::string config;
    std::string folder;               ///< of imported bundles; empty: DATA_DIR/bundle
    std::vector<std::string> trusted; ///< public keys beside those of the configuration
};
[[nodiscard]] int run_rules_keygen(const BundleOptions& options);
[[nodiscard]] int run_rules_bundle(const BundleOptions& options);
[[nodiscard]] int run_rules_import(const BundleOptions& options);
[[nodiscard]] int run_rules_rollback(const BundleOptions& options);

struct IntelOptions {
    std::vector<std::string> values; ///< paths of `check`, values of `lookup`
    std::vector<std::string> lists;  ///< files or folders of `lookup`
    std::string config;              ///< its intel.lists
};
[[nodiscard]] int run_intel_check(const IntelOptions& options);
[[nodiscard]] int run_intel_lookup(const IntelOptions& options);

struct ScanOptions {
    RulesOptions rules;
    bool route = true; ///< --logsource auto|off
    std::string time_field;
    std::string format = "auto"; ///< auto, json, lines, evtx
    std::string output;          ///< jsonl, json, csv or table; empty: table on a terminal, jsonl in a pipe
    bool summary = false;        ///< instead of the matches
    std::uint64_t max_unpacked = std::uint64_t{256} << 30U; ///< bytes; of one archive
    std::uint64_t max_ratio = 200;                          ///< of unpacked to packed bytes
    bool stats = false;
    unsigned threads = 1;
    std::vector<std::string> inputs;
};
[[nodiscard]] int run_scan(const ScanOptions& options);

struct ClientOptions {
    std::string server; ///< URL; empty: CANHGAC_SERVER, then the default address
    std::string data;   ///< folder with the token file; empty: where serve said it is
    std::string token_file;
    std::string output; ///< json, jsonl, table or (search) csv; empty: table on a terminal, jsonl in a pipe
};
struct SearchOptions {
    ClientOptions client;
    std::string query;
    std::string rule; ///< file with Sigma rules: what they match, instead of a query
    std::string from;
    std::string to;
    std::uint64_t limit = 100;
};
[[nodiscard]] int run_search(const SearchOptions& options);
/// Follows events as they become durable; runs until the query or the person wants no more.
struct TailOptions {
    ClientOptions client;
    std::string query; ///< may end in `| tail`
};
[[nodiscard]] int run_tail(const TailOptions& options);
struct VerifyCommand {
    ClientOptions client;
    std::string from; ///< commit time
    std::string to;
    std::string resume; ///< file that says how far the chain was proven; kept up to date
};
/// kProblems when a batch does not hold.
[[nodiscard]] int run_verify(const VerifyCommand& command);
struct ExportOptions {
    ClientOptions client;
    std::string query;
    std::string out;              ///< must not exist
    std::string format = "jsonl"; ///< jsonl, csv or package
    std::string from;             ///< event time
    std::string to;
    std::uint64_t limit = 100'000;
    std::string number; ///< of the case; these of packages
    std::string custodian;
    std::string agency;
    std::string reason;
};
/// kProblems when there was more than the limit, or nothing to be proven.
[[nodiscard]] int run_export(const ExportOptions& options);
/// One line of a search's answer, as `output` asks for.
void print_search_line(std::string_view line, const ClientOptions& options);
struct AlertsOptions {
    ClientOptions client;
    std::string status;
    bool follow = false;
    std::uint64_t limit = 100;
};
[[nodiscard]] int run_alerts(const AlertsOptions& options);

struct HoldOptions {
    ClientOptions client;
    std::string name;
    std::string reason; ///< incident of `add`
    std::string query;
    std::string from;
    std::string to;
};
[[nodiscard]] int run_hold_add(const HoldOptions& options);
[[nodiscard]] int run_hold_list(const HoldOptions& options);
[[nodiscard]] int run_hold_release(const HoldOptions& options);

struct BenchOptions {
    std::vector<std::string> from; ///< recordings: .zip, .json, .jsonl
    std::uint64_t events = 1'000'000;
    std::uint64_t seed = 1;
    bool unique = false;
    bool slim = false;        ///< at most 20 fields that rules look at, no message
    bool lines = false;       ///< syslog lines instead of a recording
    unsigned rule_copies = 1; ///< the rules so many times, with other texts
    RulesOptions rules;
    unsigned runs = 5;
    double seconds = 10.0;
    unsigned connections = 1;
    bool seal = false; ///< while events come in
    std::string data;  ///< folder for the store; empty: a temporary one
    unsigned shards = 0;
    unsigned days = 30; ///< over which the events of `bench search` are spread
};
[[nodiscard]] int run_bench_gen(const BenchOptions& options);
[[nodiscard]] int run_bench_match(const BenchOptions& options);
[[nodiscard]] int run_bench_ingest(const BenchOptions& options);
[[nodiscard]] int run_bench_search(const BenchOptions& options);

} // namespace canhgac::app
