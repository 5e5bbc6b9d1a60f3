#include "app/server.hpp"

#include <fcntl.h>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "alerting/alert_book.hpp"
#include "alerting/alert_engine.hpp"
#include "alerting/outbox.hpp"
#include "api/alert_events.hpp"
#include "api/api_server.hpp"
#include "app/api_client.hpp"
#include "app/collectors.hpp"
#include "app/correlator_slot.hpp"
#include "app/enrichment_loading.hpp"
#include "app/evidence_package.hpp"
#include "app/notices.hpp"
#include "app/retention.hpp"
#include "app/rule_loading.hpp"
#include "app/tls.hpp"
#include "app/version.hpp"
#include "collector/ledger.hpp"
#include "collector/record_decoder.hpp"
#include "common/durable_file.hpp"
#include "common/metrics.hpp"
#include "engine/intel/indicator_tables.hpp"
#include "engine/intel/look_back.hpp"
#include "engine/pipeline.hpp"
#include "engine/rule_predicates.hpp"
#include "net/digest.hpp"
#include "net/io_threads.hpp"
#include "storage/housekeeper.hpp"
#include "storage/journal_store.hpp"
#include "text/public_suffix.hpp"

namespace canhgac::app {

namespace {

/// Of service logs, by law.
constexpr unsigned kLeastMonths = 12;

common::Nanos longest_window(const std::vector<rules::Correlation>& correlations) {
    common::Nanos longest = 0;
    for (const auto& correlation : correlations) {
        longest = std::max(longest, correlation.timespan);
    }
    return longest;
}

std::filesystem::path prepare_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) { throw std::runtime_error(fmt::format("data_dir {}: {}", folder.string(), error.message())); }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        throw std::runtime_error(fmt::format("data_dir {}: not writable", folder.string()));
    }
    ::chmod(folder.c_str(), S_IRWXU);
    return std::filesystem::absolute(folder);
}

RuleSources rule_sources(const Config& config, const std::filesystem::path& folder) {
    RuleSources sources;
    for (const auto& path : config.rules.paths) {
        sources.paths.push_back(path.string());
    }
    std::error_code ignored;
    const auto exceptions = folder / "exceptions"; // `canhgac rules exception`
    if (std::filesystem::is_directory(exceptions, ignored)) { sources.paths.push_back(exceptions.string()); }
    sources.placeholders = config.rules.placeholders.string();
    sources.pack = config.rules.pack;
    sources.filter_polarity = config.rules.filter_polarity;
    sources.pipelines = config.rules.pipelines;
    sources.cache_dir = (folder / "rule-cache").string();
    return sources;
}

storage::JournalOptions journal_options(const Config::Storage& storage) {
    storage::JournalOptions options;
    options.durability =
        storage.durability == Config::Storage::Durability::fsync ? storage::Durability::fsync : storage::Durability::os;
    options.dedup_window = storage.dedup_window.count() * common::kSecond;
    options.seal.on = storage.seal;
    options.seal.after = storage.seal_after.count() * common::kSecond;
    options.seal.rows = storage.seal_events;
    options.seal.bytes = storage.seal_mib * common::kMiB;
    options.seal.cpu_percent = storage.seal_cpu_percent;
    options.cold_path = storage.cold_path;
    return options;
}

engine::CorrelationLimits correlation_limits(const Config::Engine& engine) {
    engine::CorrelationLimits limits;
    limits.state_bytes = engine.correlation_mib * common::kMiB;
    limits.lateness = engine.lateness.count() * common::kSecond;
    std::random_device device;
    limits.seed = std::uint64_t{device()} << 32U | device();
    return limits;
}

engine::PipelineOptions pipeline_options(const Config::Engine& engine) {
    engine::PipelineOptions options;
    options.shards = engine.shards != 0 ? engine.shards : std::max(1U, std::thread::hardware_concurrency());
    options.queue_bytes = engine.queue_mib * common::kMiB;
    return options;
}

} // namespace

/// Members in the order they are opened; what is opened later uses what was opened before.
struct Server::Parts {
    explicit Parts(Config given)
        : config(std::move(given)), log(config.log_level), folder(prepare_folder(config.data_dir)),
          store(folder / "store", journal_options(config.storage), fields, clock, metrics, log), peers(config.sources),
          ledger(peers, clock, &metrics), outbox(
                                              store.state(), clock, [this] { return uniform(); }, log, metrics),
          book(store.state(), clock, {}, [this](const auto& alert, auto& out) { enqueue(alert, out); }) {
        std::filesystem::create_directories(folder / "rule-cache");
        LoadedRules loaded = load();
        enrichment.load(true);
        add_channels(config.alerting, outbox, clock);
        pipeline = std::make_unique<engine::Pipeline>(
            pipeline_options(config.engine),
            [this] { return std::make_unique<collector::RecordDecoder>(fields, peers, &store.sources()); },
            loaded.rules, fields, store.events(), metrics);
        pipeline->use(enrichment.current());
        start_look_back();
        alerting::AlertEngineSettings settings;
        settings.horizon = 2 * longest_window(correlations) + correlation_limits(config.engine).lateness;
        alerts = std::make_unique<alerting::AlertEngine>(store.detections(), store.state(), book, clock, log, metrics,
                                                         settings, &correlator, [this] { outbox.wake(); });
        collectors =
            std::make_unique<Collectors>(config, io, collector::ListenerServices{*pipeline, peers, ledger, clock, log});
    }

    storage::HousekeeperOptions housekeeping() {
        storage::HousekeeperOptions options;
        options.retention = longest_retention(config.storage.retention);
        if (!config.storage.cold_path.empty()) { options.cold_after_days = config.storage.cold_after_days; }
        options.drop_oldest = config.storage.when_full == Config::Storage::WhenFull::drop_oldest;
        options.level_changed = [this](const storage::DiskState& disk, storage::DiskLevel before) {
            if (disk.level > before) { notify_disk(disk, outbox, store.state(), clock, log); }
        };
        if (!options.retention) {
            log.info("events are kept for ever");
        } else if (options.retention->months < kLeastMonths) {
            log.warning(
                "events are kept for {} months ({}); service logs must be kept for {} (ND 333/2026, article 16.6)",
                options.retention->months, options.retention->rule, kLeastMonths);
        } else {
            log.info("events are kept for {} months ({})", options.retention->months, options.retention->rule);
        }
        return options;
    }

    void start_look_back() {
        const auto& intel = config.intel;
        if (intel.look_back.count() == 0 || intel.lists.empty()) { return; }
        engine::LookBackOptions options;
        options.folder = folder / "look-back";
        std::filesystem::create_directories(options.folder);
        options.span = intel.look_back.count() * common::kSecond;
        options.events_per_second = intel.look_back_events_second;
        look_back = std::make_unique<engine::LookBack>(
            engine::LookBackServices{store.events(), store.detections(), store.state(), fields, clock, log, metrics},
            std::move(options));
        tell_look_back();
    }

    /// After the shards use new lists.
    void tell_look_back() {
        const auto now = enrichment.current();
        if (look_back != nullptr && now != nullptr && now->indicators != nullptr) {
            look_back->lists_changed(*now->indicators);
        }
    }

    double uniform() {
        return std::uniform_real_distribution<double>(0.0, 1.0)(random); // the outbox calls it one at a time
    }

    LoadedRules load() {
        LoadedRules loaded = load_rules(rule_sources(config, folder), fields);
        for (const auto& rejection : loaded.rejected) {
            log.warning("rule left out: {}", rules::to_string(rejection));
        }
        for (const auto& use : loaded.pipelines) {
            for (const auto& warning : use.warnings) {
                log.warning("pipeline: {}", rules::to_string(warning));
            }
        }
        for (const auto& filter : loaded.expired_filters) {
            log.warning("filter left out: {}", expiry_notice(filter));
        }
        correlations = loaded.correlations;
        correlator.replace(correlations);
        if (alerts) { alerts->request_checkpoint(); }
        rule_count = loaded.rules->stats().rules;
        const std::lock_guard lock(summaries_mutex);
        rules = loaded.rules;
        summaries = summarize(loaded);
        texts = loaded.texts;
        return loaded;
    }

    /// A notice carries the rule's own Vietnamese words.
    void enqueue(const alerting::Alert& alert, std::vector<event::StateStore::Change>& out) {
        alerting::Alert worded = alert;
        {
            const std::lock_guard lock(summaries_mutex);
            if (const auto found = texts.find(alert.rule_id); found != texts.end()) {
                worded.title_vi = found->second.title_vi;
                worded.advice_vi = found->second.response_vi;
            }
        }
        outbox.enqueue(worded, "alert.new", out);
    }

    static std::vector<api::RuleSummary> summarize(const LoadedRules& loaded) {
        std::vector<api::RuleSummary> list;
        const auto file_of = [&loaded](const std::string& id) {
            const auto found = loaded.texts.find(id);
            return found == loaded.texts.end() ? std::string() : found->second.file;
        };
        for (const event::RuleInfo& rule : loaded.rules->rules()) {
            list.push_back(
                {rule.id, rule.title, std::string(event::to_string(rule.level)), rule.tags, file_of(rule.id)});
        }
        for (const rules::Correlation& rule : loaded.correlations) {
            list.push_back(
                {rule.id, rule.title, std::string(event::to_string(rule.level)), rule.tags, file_of(rule.id)});
        }
        return list;
    }

    api::StatusReport status() {
        api::StatusReport report;
        report.version = version();
        report.listeners = collectors->ports();
        report.numbers["rules"] = rule_count.load();
        report.numbers["indicators"] = enrichment.indicators();
        report.numbers["committed_batch"] = store.events().committed();
        report.numbers["alerting_batch"] = alerts->position();
        report.numbers["field_names"] = fields.size();
        report.numbers["field_names_overflowed"] = fields.overflowed();
        const storage::DiskState disk = housekeeper.disk();
        report.numbers["days"] = store.days().size();
        report.numbers["disk_used_percent"] = disk.used_percent;
        report.numbers["disk_available_bytes"] = disk.available;
        report.numbers["disk_level"] = static_cast<std::uint64_t>(disk.level);
        report.numbers["stored_bytes_per_day"] = disk.bytes_per_day;
        if (disk.days_left) { report.numbers["days_until_full"] = *disk.days_left; }
        report.texts["disk"] = storage::to_text(disk);
        return report;
    }

    /// Packages are made in the data folder, one at a time.
    common::Result<std::filesystem::path, api::EvidenceProblem> export_evidence(const api::EvidenceRequest& request,
                                                                                const std::atomic<bool>& cancelled) {
        const std::filesystem::path out = folder / "evidence.zip";
        std::error_code ignored;
        std::filesystem::remove(out, ignored); // of a server that was killed meanwhile
        const api::AlertEvents alert_events(book);
        const storage::QuerySources sources{&store.events(), &store.sources(),  &rule_filters,
                                            &alert_events,   &indicator_tables, suffixes ? &*suffixes : nullptr};
        const auto done = write_evidence({store, sources, clock}, request, out, cancelled);
        if (!done) { return common::fail(done.error()); }
        return out;
    }

    /// The API over what is open; `reload` comes from the server that owns these parts.
    void open_api(const std::string& token, std::function<api::ReloadResult()> reload) {
        net::StreamServerConfig address;
        address.name = "api";
        address.address = common::to_string(config.api.endpoint.address);
        address.port = config.api.endpoint.port;
        if (config.api.tls) { address.tls = make_tls_context(*config.api.tls, clock.now()); }
        api::Services services{
            store.events(),
            store.sources(),
            book,
            outbox,
            ledger,
            metrics,
            clock,
            log,
            [this] { return status(); },
            [this] {
                const std::lock_guard lock(summaries_mutex);
                auto list = enrichment.rules();
                list.insert(list.begin(), summaries.begin(), summaries.end());
                return list;
            },
            std::move(reload),
            [this] { return not_ready(); },
            [this] { return store.holds(); },
            [this](storage::HoldRecord hold, const event::QueryPlan& plan) {
                return store.hold(std::move(hold), plan);
            },
            [this](const std::string& name, const event::DropOrder& order) { return store.release_hold(name, order); },
            &rule_filters,
            &indicator_tables,
            suffixes ? &*suffixes : nullptr,
            [this](const storage::VerifyOptions& options) { return store.verify(options); },
            [this](const api::EvidenceRequest& request, const std::atomic<bool>& cancelled) {
                return export_evidence(request, cancelled);
            }};
        api = std::make_unique<api::ApiServer>(io, std::move(address), token, "token", std::move(services));
    }

    /// Empty: ready.
    std::string not_ready() {
        if (!ready) { return "starting"; }
        return housekeeper.disk().refusing ? "the disk is full: events are refused" : "";
    }

    void start() {
        outbox.start();
        housekeeper.start();
        alerts->start();
        api->start();
        collectors->start();
        ready = true;
        std::map<std::string, std::uint16_t> ports = collectors->ports();
        ports["api"] = api->port();
        std::string text;
        for (const auto& [name, port] : ports) {
            text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", name, port);
        }
        common::replace_file(folder / "ports.json", text + "}\n");
        const char* scheme = config.api.tls ? "https" : "http";
        common::replace_file(folder / "server-url", fmt::format("{}://127.0.0.1:{}\n", scheme, api->port()));
        note_data_folder(folder.string());
    }

    Config config;
    common::Logger log;
    common::SystemClock clock;
    common::MetricsRegistry metrics;
    std::filesystem::path folder;
    event::FieldTable fields;
    storage::JournalStore store;
    collector::PeerTable peers;
    collector::Ledger ledger;
    std::mt19937_64 random{std::random_device{}()};
    alerting::Outbox outbox;
    alerting::AlertBook book;
    storage::Housekeeper housekeeper{store, clock, metrics, log, housekeeping()};
    EnrichmentLoader enrichment{config, folder, clock, log, metrics};
    CorrelatorSlot correlator{correlation_limits(config.engine), metrics};
    std::vector<rules::Correlation> correlations;
    std::atomic<std::size_t> rule_count{0};
    std::unique_ptr<engine::Pipeline> pipeline;
    std::unique_ptr<engine::LookBack> look_back; ///< null: off
    std::unique_ptr<alerting::AlertEngine> alerts;
    net::IoThreads io{2};
    std::unique_ptr<Collectors> collectors;
    std::mutex summaries_mutex;
    std::vector<api::RuleSummary> summaries;      ///< guarded by summaries_mutex
    std::map<std::string, RuleTexts> texts;       ///< guarded by summaries_mutex
    std::shared_ptr<const engine::RuleSet> rules; ///< guarded by summaries_mutex
    engine::RulePredicates rule_filters{[this] {
                                            const std::lock_guard lock(summaries_mutex);
                                            return rules;
                                        },
                                        fields};
    engine::IndicatorTables indicator_tables{[this]() -> std::shared_ptr<const engine::IndicatorSet> {
                                                 const auto now = enrichment.current();
                                                 return now == nullptr ? nullptr : now->indicators;
                                             },
                                             clock};
    const std::optional<text::PublicSuffixes> suffixes = text::PublicSuffixes::load(text::PublicSuffixes::kDebianFile);
    std::unique_ptr<api::ApiServer> api;
    std::atomic<bool> ready{false};
    std::mutex reload_mutex;
    bool stopped = false;
};

Server::Server(Config config) : parts_(std::make_unique<Parts>(std::move(config))) {
    Parts& p = *parts_;
    const std::string token = net::random_hex(32);
    common::replace_file(p.folder / "token", token + "\n");
    p.open_api(token, [this] {
        Reload result = reload_rules();
        return api::ReloadResult{result.ok, std::move(result.message)};
    });
    p.start();
}

Server::~Server() {
    stop();
}

Server::Reload Server::reload_rules() {
    Parts& p = *parts_;
    const std::lock_guard lock(p.reload_mutex);
    try {
        const LoadedRules loaded = p.load();
        p.pipeline->use(loaded.rules);
        Reload result{true,
                      fmt::format("{} rules in use, {} left out", loaded.rules->stats().rules, loaded.rejected.size())};
        p.log.info("rules reloaded: {}", result.message);
        if (p.enrichment.load(false)) {
            p.pipeline->use(p.enrichment.current());
            p.tell_look_back();
        } else {
            result = {false, "the rules are new, but lists, inventory and geography stay as they were: see the log"};
        }
        return result;
    } catch (const std::exception& error) {
        p.log.error("rules not reloaded, the old ones stay in use: {}", error.what());
        return {false, error.what()};
    }
}

std::string Server::summary() const {
    const Parts& p = *parts_;
    std::string text = fmt::format("canhgac is ready: {} rules, data in {}, api {}:{}", p.rule_count.load(),
                                   p.folder.string(), common::to_string(p.config.api.endpoint.address), p.api->port());
    for (const auto& [name, port] : p.collectors->ports()) {
        text += fmt::format(", {} {}", name, port);
    }
    return text;
}

void Server::stop() {
    Parts& p = *parts_;
    if (std::exchange(p.stopped, true)) { return; }
    p.log.info("stopping: refusing input, finishing what was received");
    p.collectors->stop();
    p.pipeline->stop();
    if (p.look_back != nullptr) { p.look_back->stop(); }
    p.housekeeper.stop();
    const std::uint64_t last = p.store.events().committed();
    if (!p.alerts->wait(last, std::chrono::seconds(10))) { p.log.warning("alerting catches up at the next start"); }
    p.alerts->stop();
    p.outbox.stop();
    p.api->stop();
    p.store.close();
    p.io.stop();
    p.log.info("stopped");
}

} // namespace canhgac::app
