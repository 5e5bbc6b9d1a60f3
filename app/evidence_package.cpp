#include "app/evidence_package.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <sodium.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/json_text.hpp"
#include "app/evidence_files.hpp"
#include "app/evidence_texts.hpp"
#include "app/search_output.hpp"
#include "app/version.hpp"
#include "storage/query/exec/query_run.hpp"
#include "storage/query/prepare.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;
using api::EvidenceProblem;

constexpr int kTriesForSignature = 15;
constexpr std::chrono::milliseconds kBetweenTries{200};

/// Thrown inside, told by write_evidence().
class Refused : public std::runtime_error {
public:
    Refused(unsigned status, const std::string& detail) : std::runtime_error(detail), status_(status) {}
    [[nodiscard]] unsigned status() const noexcept { return status_; }

private:
    unsigned status_;
};

/// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4), as openssl reads it.
std::string pem_of(const std::array<std::uint8_t, 32>& key) {
    std::string der("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
    der.append(reinterpret_cast<const char*>(key.data()), key.size());
    std::string text(sodium_base64_encoded_len(der.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back(); // the NUL
    return "-----BEGIN PUBLIC KEY-----\n" + text + "\n-----END PUBLIC KEY-----\n";
}

std::string_view signature_bytes(const storage::Signature& signature) noexcept {
    return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

json::object link_object(const storage::ChainLink& link) {
    const storage::ChainRecord& record = link.record;
    return {{"seq", record.seq},
            {"root", storage::to_hex(record.root)},
            {"rows", record.rows},
            {"stored", record.stored},
            {"time_ns", record.time},
            {"min_time_ns", record.min_time},
            {"max_time_ns", record.max_time},
            {"duplicates_sha256", storage::to_hex(record.duplicates)},
            {"previous", storage::to_hex(record.previous)},
            {"head", storage::to_hex(record.head)},
            {"signed", link.head.has_value()}};
}

/// Makes one package.
class EvidenceWriter final : private storage::QueryResultSink {
public:
    EvidenceWriter(const EvidenceParts& parts, const api::EvidenceRequest& request, const std::filesystem::path& out,
                   const std::atomic<bool>& cancelled)
        : parts_(&parts), request_(&request), cancelled_(&cancelled), now_(parts.clock.now()), folder_(out) {}

    void run(const std::filesystem::path& out) {
        for (const event::SourceEntry& entry : parts_->store.sources().sources()) {
            senders_[entry.id] =
                entry.key.reporter.empty() ? entry.key.peer : entry.key.peer + "/" + entry.key.reporter;
        }
        collect();
        prove();
        describe();
        const std::string manifest = folder_.manifest();
        folder_.add("MANIFEST.sha256", manifest);
        folder_.add("MANIFEST.sha256.sig", signature_bytes(parts_->store.signer().sign(manifest)));
        folder_.pack(out);
    }

private:
    struct Exported {
        event::EventId id;
        std::uint64_t number = 0;
        storage::Digest leaf{};
    };

    void collect() {
        auto prepared = storage::prepare_query(request_->query, parts_->sources);
        if (!prepared) { throw Refused(400, "query, line:column " + storage::describe(prepared.error())); }
        if (!prepared->program.events || storage::is_followed(prepared->query.pipes)) {
            throw Refused(400, "an evidence package holds events: the query must not make a table, nor be followed");
        }
        storage::QueryRunOptions options;
        options.now = now_;
        options.limit = request_->limit;
        options.cancelled = cancelled_;
        options.query = &prepared->query;
        options.rules = &prepared->rules;
        options.sources = parts_->sources;
        options.from = request_->from;
        options.to = request_->to;
        storage::QueryRun run(prepared->program, *this, options);
        index_.write("n,id,offset,length,time,received,received_ns,source,sender,sha256\n");
        if (run.start()) {
            const auto plan = storage::plan_for_store(prepared->query, now_, request_->from, request_->to, UINT64_MAX);
            const auto stats = parts_->store.events().query(
                plan, [&run](const event::StoredEvent& event) { return run.feed(event); }, cancelled_);
            if (!stats) { throw Refused(500, "the store cannot be read: " + stats.error().message()); }
        }
        if (const auto end = run.finish(); !end) { throw Refused(422, std::string(to_string(end.error()))); }
        stop_if_cancelled();
        if (run.progress().cut) {
            throw Refused(422,
                          fmt::format("there are more than {} events: ask for less, or raise the limit; a part would "
                                      "be no evidence",
                                      request_->limit));
        }
        if (exported_.empty()) { throw Refused(422, "there are no such events"); }
        folder_.close("events.jsonl", events_);
        folder_.close("raw.log", raws_);
        folder_.close("index.csv", index_);
    }

    bool row(std::span<const storage::QueryValue> /*values*/, const event::StoredEvent* event) override {
        const auto source = static_cast<std::uint32_t>(event->source);
        const std::uint64_t number = exported_.size() + 1;
        line_.clear();
        api::append_event(line_, *event);
        line_ += '\n';
        events_.write(line_);
        index_.write(fmt::format("{},{}.{},{},{},{},{},{},{},{},{}\n", number, event->id.seq, event->id.index,
                                 raws_.size(), event->raw.size(), common::format_rfc3339(event->time),
                                 common::format_rfc3339(event->received), event->received, source,
                                 csv_cell(senders_[event->source]), storage::to_hex(hash_.of(event->raw))));
        raws_.write(event->raw);
        raws_.write("\n");
        exported_.push_back(
            {event->id, number, storage::leaf_hash(hash_, event->id.index, event->received, source, event->raw)});
        return true;
    }

    void prove() {
        std::sort(exported_.begin(), exported_.end(), [](const Exported& left, const Exported& right) {
            return std::pair(left.id.seq, left.id.index) < std::pair(right.id.seq, right.id.index);
        });
        std::vector<std::uint64_t> batches;
        for (const Exported& each : exported_) {
            if (batches.empty() || batches.back() != each.id.seq) { batches.push_back(each.id.seq); }
        }
        EvidenceFile paths = folder_.open("proof/paths.jsonl");
        auto next = exported_.begin();
        const auto done = parts_->store.evidence(batches, [&](const storage::BatchEvidence& batch) {
            for (; next != exported_.end() && next->id.seq == batch.record.seq; ++next) {
                write_path(*next, batch, paths);
            }
            return !*cancelled_;
        });
        if (!done) { refuse(done.error()); }
        stop_if_cancelled();
        folder_.close("proof/paths.jsonl", paths);
        write_chain(batches);
    }

    static void write_path(const Exported& event, const storage::BatchEvidence& batch, EvidenceFile& paths) {
        if (event.id.index >= batch.leaves.size() || batch.leaves[event.id.index] != event.leaf) {
            refuse({{}, event.id.seq, "an event was changed"});
        }
        json::array steps;
        for (const storage::MerkleStep& step : storage::merkle_path(batch.leaves, event.id.index)) {
            json::array nodes;
            for (const storage::Digest& node : step.nodes) {
                nodes.emplace_back(storage::to_hex(node));
            }
            steps.push_back({{"position", step.position}, {"nodes", std::move(nodes)}});
        }
        paths.write(json::serialize(json::object{{"n", event.number},
                                                 {"id", fmt::format("{}.{}", event.id.seq, event.id.index)},
                                                 {"leaf", storage::to_hex(event.leaf)},
                                                 {"path", std::move(steps)}}) +
                    "\n");
    }

    void write_chain(const std::vector<std::uint64_t>& batches) {
        EvidenceFile chain = folder_.open("proof/chain.jsonl");
        std::uint64_t written = 0;
        for (const std::uint64_t batch : batches) {
            if (batch <= written) { continue; }
            for (const storage::ChainLink& link : signed_links(batch)) {
                chain.write(json::serialize(link_object(link)) + "\n");
                written = link.record.seq;
                if (!link.head) { continue; }
                const std::string name = fmt::format("proof/heads/{}", link.record.seq);
                folder_.add(name + ".msg", storage::signed_text(*link.head));
                folder_.add(name + ".sig", signature_bytes(link.head->signature));
            }
            stop_if_cancelled();
        }
        folder_.close("proof/chain.jsonl", chain);
    }
    /// The newest events are signed a second later.
    [[nodiscard]] std::vector<storage::ChainLink> signed_links(std::uint64_t batch) const {
        for (int tries = 0; tries < kTriesForSignature; ++tries) {
            auto links = parts_->store.links_to_signature(batch);
            if (!links) { refuse(links.error()); }
            if (!links->empty() && links->back().head) { return std::move(*links); }
            std::this_thread::sleep_for(kBetweenTries);
        }
        throw Refused(500, fmt::format("batch {} is not signed yet", batch));
    }

    void describe() {
        std::array<char, 256> host{};
        if (::gethostname(host.data(), host.size() - 1) != 0) { host[0] = '?'; }
        const auto time_or_null = [](common::Nanos time, common::Nanos open) {
            return time == open ? json::value() : json::value(common::format_rfc3339(time));
        };
        const api::EvidenceRequest fallback;
        const json::object about{{"case", request_->number},
                                 {"custodian", request_->custodian},
                                 {"agency", request_->agency},
                                 {"reason", request_->reason},
                                 {"exported_by", request_->exporter},
                                 {"exported_at", common::format_rfc3339(now_)},
                                 {"exported_at_local", common::format_vietnam(now_)},
                                 {"server", host.data()},
                                 {"program", version()},
                                 {"query", request_->query},
                                 {"from", time_or_null(request_->from, fallback.from)},
                                 {"to", time_or_null(request_->to, fallback.to)},
                                 {"events", exported_.size()},
                                 {"key_sha256", storage::to_hex(hash_.of(key_text()))}};
        folder_.add("case.json", json::serialize(about) + "\n");
        folder_.add("README.txt", evidence_readme());
        folder_.add("check.py", evidence_check());
        folder_.add("signer.pub.pem", pem_of(parts_->store.signer().public_key()));
    }
    [[nodiscard]] std::string key_text() const {
        const auto key = parts_->store.signer().public_key();
        return {reinterpret_cast<const char*>(key.data()), key.size()};
    }

    void stop_if_cancelled() const {
        if (*cancelled_) { throw Refused(422, "cancelled"); }
    }
    [[noreturn]] static void refuse(const storage::EvidenceError& error) {
        if (error.error) { throw Refused(500, "the store cannot be read: " + error.error.message()); }
        throw Refused(422, fmt::format("batch {} does not hold ({}): see canhgac verify", error.batch, error.problem));
    }

    const EvidenceParts* parts_;
    const api::EvidenceRequest* request_;
    const std::atomic<bool>* cancelled_;
    common::Nanos now_;
    EvidenceFolder folder_;
    EvidenceFile events_ = folder_.open("events.jsonl");
    EvidenceFile raws_ = folder_.open("raw.log");
    EvidenceFile index_ = folder_.open("index.csv");
    storage::Sha256 hash_;
    std::string line_;
    std::map<event::SourceId, std::string> senders_;
    std::vector<Exported> exported_;
};

} // namespace

common::Result<void, EvidenceProblem> write_evidence(const EvidenceParts& parts, const api::EvidenceRequest& request,
                                                     const std::filesystem::path& out,
                                                     const std::atomic<bool>& cancelled) {
    try {
        EvidenceWriter(parts, request, out, cancelled).run(out);
        return {};
    } catch (const Refused& refused) {
        return common::fail(EvidenceProblem{refused.status(), refused.what()});
    } catch (const std::exception& error) { return common::fail(EvidenceProblem{500, error.what()}); }
}

} // namespace canhgac::app
