// CPU time to decode an event, all fields. CANHGAC_BENCH_EVENTS names a file of JSON lines (e.g. the Windows events of
// the corpus, unzipped); without it a few lines of our own are repeated, which says less.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <simdjson.h>
#include <sstream>
#include <string>

#include <benchmark/benchmark.h>

#include "collector/decoders/utf8_repair.hpp"
#include "collector/record_decoder.hpp"

namespace canhgac::collector {
namespace {

constexpr common::Nanos kReceived = 1'795'309'200LL * common::kSecond;
constexpr std::string_view kOwnEvent =
    R"({"EventTime":"2026-11-22 07:59:58","Hostname":"WS6","EventID":3,"SourceName":"Microsoft-Windows-Sysmon",)"
    R"("Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Windows\\System32\\lsass.exe"})";
constexpr std::string_view kSyslog = "<38>Nov 22 08:00:00 qlvb-app01 sshd[4120]: Failed password for invalid user "
                                     "oracle from 203.0.113.5 port 40000 ssh2";
constexpr std::string_view kFortigate =
    R"(<189>date=2026-11-22 time=08:00:00 devname="FGT" devid="FGT60FTK1" eventtime=1795309200123456789 tz="+0700" )"
    R"(logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.1.1.5 srcport=50000 )"
    R"(srcintf="lan" dstip=198.51.100.1 dstport=443 dstintf="wan1" sessionid=77 proto=6 action="accept" policyid=3 )"
    R"(service="HTTPS" sentbyte=1200 rcvdbyte=5400 sentpkt=10 rcvdpkt=12)";
constexpr std::string_view kAccess =
    R"(203.0.113.7 - - [22/Nov/2026:08:00:00 +0700] "GET /thu-tuc/tim-kiem?q=ho+so HTTP/1.1" 200 5123 )"
    R"("https://dichvucong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36")";

std::string input_text() {
    const char* path = std::getenv("CANHGAC_BENCH_EVENTS");
    std::string text;
    if (path != nullptr) {
        std::ifstream in(path, std::ios::binary);
        std::stringstream all;
        all << in.rdbuf();
        text = all.str();
    }
    while (text.empty() || (path == nullptr && text.size() < 1'000'000)) {
        text += kOwnEvent;
        text += '\n';
    }
    return text;
}

/// Lines in batches of at most kBatchBytes, as the collector hands them over.
std::vector<event::RecordBatch> batches_of(std::string_view text, event::Protocol protocol, event::PeerId peer) {
    std::vector<event::RecordBatch> batches(1);
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (batches.back().bytes.size() + line.size() > event::kBatchBytes) { batches.emplace_back(); }
        event::RecordBatch& batch = batches.back();
        batch.protocol = protocol;
        batch.received = kReceived;
        event::Record record;
        record.offset = static_cast<std::uint32_t>(batch.bytes.size());
        record.size = static_cast<std::uint32_t>(line.size());
        record.peer = peer;
        batch.bytes += line;
        batch.records.push_back(record);
    }
    return batches;
}

void decode_all(benchmark::State& state, std::string_view text, event::Protocol protocol) {
    event::FieldTable fields;
    PeerTable peers;
    RecordDecoder decoder(fields, peers, nullptr);
    const auto batches = batches_of(text, protocol, peers.intern_local("bench"));
    event::EventBatch out;
    std::vector<std::uint64_t> keys;
    std::size_t events = 0;
    std::size_t values = 0;
    for (auto _ : state) {
        for (const event::RecordBatch& batch : batches) {
            out.reset();
            keys.clear();
            decoder.decode(batch, out, keys);
            events += out.size();
            for (const event::Event& event : out.events()) {
                values += event.field_count;
            }
        }
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
    state.SetItemsProcessed(static_cast<std::int64_t>(events));
    state.counters["per_event"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["fields"] = static_cast<double>(values) / static_cast<double>(events);
}

std::string repeated(std::string_view line) {
    std::string text;
    for (int i = 0; i < 4'000; ++i) {
        text += line;
        text += '\n';
    }
    return text;
}

void json_file(benchmark::State& state) {
    decode_all(state, input_text(), event::Protocol::file);
}
void json_bulk(benchmark::State& state) {
    decode_all(state, input_text(), event::Protocol::elastic_bulk);
}
void syslog_sshd(benchmark::State& state) {
    decode_all(state, repeated(kSyslog), event::Protocol::syslog_tcp);
}
void syslog_fortigate(benchmark::State& state) {
    decode_all(state, repeated(kFortigate), event::Protocol::syslog_tcp);
}
void access_log(benchmark::State& state) {
    decode_all(state, repeated(kAccess), event::Protocol::file);
}

/// Anchor: simdjson On-Demand unescapes every top-level value of the same lines and does nothing with them.
void anchor_simdjson(benchmark::State& state) {
    const std::string text = input_text();
    const auto batches = batches_of(text, event::Protocol::file, event::PeerId{});
    simdjson::ondemand::parser parser;
    std::vector<simdjson::padded_string> lines;
    for (const auto& batch : batches) {
        for (const auto& record : batch.records) {
            lines.emplace_back(batch.text(record));
        }
    }
    std::size_t events = 0;
    std::size_t bytes = 0;
    for (auto _ : state) {
        for (const auto& line : lines) {
            simdjson::ondemand::document document;
            simdjson::ondemand::object object;
            if (parser.iterate(line).get(document) != simdjson::SUCCESS ||
                document.get_object().get(object) != simdjson::SUCCESS) {
                continue;
            }
            for (auto member : object) {
                std::string_view key;
                std::string_view value;
                if (member.unescaped_key().get(key) != simdjson::SUCCESS) { break; }
                bytes += key.size();
                if (member.value().get_string().get(value) == simdjson::SUCCESS) { bytes += value.size(); }
            }
            ++events;
        }
    }
    benchmark::DoNotOptimize(bytes);
    state.counters["per_event"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Anchor: the UTF-8 check alone.
void anchor_utf8(benchmark::State& state) {
    const std::string text = input_text();
    const auto batches = batches_of(text, event::Protocol::file, event::PeerId{});
    std::size_t events = 0;
    std::size_t valid = 0;
    for (auto _ : state) {
        for (const auto& batch : batches) {
            for (const auto& record : batch.records) {
                valid += is_utf8(batch.text(record)) ? 1U : 0U;
                ++events;
            }
        }
    }
    benchmark::DoNotOptimize(valid);
    state.counters["per_event"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(json_file)->Unit(benchmark::kMillisecond);
BENCHMARK(json_bulk)->Unit(benchmark::kMillisecond);
BENCHMARK(anchor_simdjson)->Unit(benchmark::kMillisecond);
BENCHMARK(anchor_utf8)->Unit(benchmark::kMillisecond);
BENCHMARK(syslog_sshd)->Unit(benchmark::kMillisecond);
BENCHMARK(syslog_fortigate)->Unit(benchmark::kMillisecond);
BENCHMARK(access_log)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace canhgac::collector
